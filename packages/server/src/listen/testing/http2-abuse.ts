// RFC 9113: frames of 9 bytes of header and their payload. RFC 7541: fields as literals that are not indexed.
const types = { data: 0, headers: 1, reset: 3, settings: 4, ping: 6, goaway: 7, windowUpdate: 8, continuation: 9 } as const;
const endStream = 1;
const endHeaders = 4;

export const preface = Buffer.concat([Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), frame("settings", 0, 0, Buffer.alloc(0))]);

export function frame(kind: keyof typeof types, flags: number, streamId: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(types[kind], 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
}

type Field = readonly [name: string, value: string];

function length(value: number): Buffer {
  if (value < 127) return Buffer.from([value]);
  const bytes = [127];
  let rest = value - 127;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}

const text = (value: string): Buffer => Buffer.concat([length(Buffer.byteLength(value, "latin1")), Buffer.from(value, "latin1")]);
const block = (fields: readonly Field[]): Buffer =>
  Buffer.concat(fields.map(([name, value]) => Buffer.concat([Buffer.from([0]), text(name), text(value)])));

const sound: readonly Field[] = [
  [":method", "GET"],
  [":scheme", "https"],
  [":authority", "localhost"],
  [":path", "/version"],
];
const without = (name: string): readonly Field[] => sound.filter(([it]) => it !== name);
const instead = (name: string, value: string): readonly Field[] => sound.map((field) => (field[0] === name ? [name, value] : field));

const request = (fields: readonly Field[], flags = endStream | endHeaders): Buffer => frame("headers", flags, 1, block(fields));
const posting: readonly Field[] = [
  ...instead(":path", "/api/v1/namespaces/default/configmaps").filter(([it]) => it !== ":method"),
  [":method", "POST"],
];
const post = (headers: readonly Field[], body: string): Buffer =>
  Buffer.concat([request([...posting, ["content-type", "application/json"], ...headers], endHeaders), ...inFrames(body)]);

function inFrames(body: string): readonly Buffer[] {
  const size = 16_384;
  const pieces = Array.from({ length: Math.ceil(body.length / size) }, (_, index) => Buffer.from(body.slice(index * size, (index + 1) * size)));
  return pieces.map((piece, index) => frame("data", index === pieces.length - 1 ? endStream : 0, 1, piece));
}

/** A header block in as many frames as it needs. */
function continued(fields: readonly Field[]): Buffer {
  const whole = block(fields);
  const frames = [frame("headers", endStream, 1, whole.subarray(0, 16_384))];
  for (let at = 16_384; at < whole.length; at += 16_384) {
    frames.push(frame("continuation", at + 16_384 >= whole.length ? endHeaders : 0, 1, whole.subarray(at, at + 16_384)));
  }
  return Buffer.concat(frames);
}

/** What a client must not send after the preface. */
export const http2Abuse: Readonly<Record<string, Buffer>> = {
  "a header of a megabyte": continued([...sound, ["x", "y".repeat(1 << 20)]]),
  "a hundred thousand headers": continued([...sound, ...Array.from({ length: 100_000 }, (_, index): Field => [`x-${index}`, "1"])]),
  "a target of a megabyte": continued(instead(":path", `/${"x".repeat(1 << 20)}`)),
  "continuations that never end": Buffer.concat([
    frame("headers", 0, 1, block(sound)),
    ...Array.from({ length: 20_000 }, () => frame("continuation", 0, 1, block([["x", "y".repeat(100)]]))),
  ]),
  "continuations of nothing": Buffer.concat([
    frame("headers", 0, 1, block(sound)),
    ...Array.from({ length: 50_000 }, () => frame("continuation", 0, 1, Buffer.alloc(0))),
  ]),
  "no path": request(without(":path")),
  "no method": request(without(":method")),
  "an empty path": request(instead(":path", "")),
  "a path that is relative": request(instead(":path", "version")),
  "a path with a NUL": request(instead(":path", "/a\u0000b")),
  "a path with %00": request(instead(":path", "/api/v1/namespaces/a%00b")),
  "two paths": request([...sound, [":path", "/other"]]),
  "a path after other headers": request([...without(":path"), ["x", "y"], [":path", "/version"]]),
  "a pseudo header of answers": request([...sound, [":status", "200"]]),
  "a pseudo header that is none": request([...sound, [":nothing", "x"]]),
  "a name in capitals": request([...sound, ["X", "y"]]),
  "a name with a space": request([...sound, ["x y", "z"]]),
  "a name with a line break": request([...sound, ["x\r\ny", "z"]]),
  "a value with a line break": request([...sound, ["x", "y\r\nhost: there"]]),
  "a value with a NUL": request([...sound, ["x", "y\u0000z"]]),
  "a header of connections": request([...sound, ["connection", "close"]]),
  chunks: request([...sound, ["transfer-encoding", "chunked"]]),
  "an upgrade": request([...sound, ["upgrade", "websocket"]]),
  "te with more than trailers": request([...sound, ["te", "gzip"]]),
  "an authority with a path": request(instead(":authority", "here/there")),
  "an authority with a user": request(instead(":authority", "me@here")),
  "an authority with a space": request(instead(":authority", "he re")),
  "a host with a path": request([...without(":authority"), ["host", "here/there"]]),
  "less than its length": post([["content-length", "10"]], "{}"),
  "more than its length": post([["content-length", "1"]], "{}"),
  "two lengths": post(
    [
      ["content-length", "2"],
      ["content-length", "3"],
    ],
    "{}",
  ),
  "a negative length": post([["content-length", "-1"]], "{}"),
  "a body of three megabytes and a byte": post([["content-length", "3145729"]], " ".repeat(3_145_729)),
  "a body that is announced as ten gigabytes": post([["content-length", "10000000000"]], "{}"),
  "a tunnel": request([
    [":method", "CONNECT"],
    [":authority", "elsewhere:443"],
  ]),
  "a trace": request(instead(":method", "TRACE").map((field): Field => (field[0] === ":path" ? [":path", "/api/v1/namespaces"] : field))),
  "an index beyond the table": frame("headers", endStream | endHeaders, 1, Buffer.from([0xff, 0xff, 0xff, 0x7f])),
  "a length beyond the block": frame("headers", endStream | endHeaders, 1, Buffer.from([0x00, 0x7f, 0xff, 0xff, 0x7f])),
  "data of no stream": frame("data", 0, 0, Buffer.from("x")),
  "headers of an even stream": frame("headers", endStream | endHeaders, 2, block(sound)),
  "data of a stream that is idle": frame("data", 0, 5, Buffer.from("x")),
  "the end of a stream that is idle": frame("reset", 0, 5, Buffer.alloc(4)),
  "a continuation of nothing": frame("continuation", endHeaders, 1, block(sound)),
  "a window that grows by nothing": frame("windowUpdate", 0, 0, Buffer.alloc(4)),
  "a window that overflows": Buffer.concat([1, 2].map(() => frame("windowUpdate", 0, 0, Buffer.from([0x7f, 0xff, 0xff, 0xff])))),
  "settings of a wrong length": frame("settings", 0, 0, Buffer.alloc(5)),
  "a ping of a wrong length": frame("ping", 0, 0, Buffer.alloc(7)),
  "padding beyond the frame": frame("headers", endStream | endHeaders | 8, 1, Buffer.concat([Buffer.from([255]), block(sound)])),
  "a frame beyond the limit": frame("data", 0, 1, Buffer.alloc(20_000)),
  "fifty thousand settings": Buffer.concat(Array.from({ length: 50_000 }, () => frame("settings", 0, 0, Buffer.alloc(0)))),
  "fifty thousand pings": Buffer.concat(Array.from({ length: 50_000 }, () => frame("ping", 0, 0, Buffer.alloc(8)))),
};
