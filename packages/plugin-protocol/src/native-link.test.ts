import { createServer } from "node:net";
import { expect, test } from "vitest";
import { GrpcCode } from "./grpc-link.js";
import { streamWindow } from "./http2/client-stream.js";
import { ErrorCode, Flag, type Frame, FrameType, frame, Setting, uint32 } from "./http2/frame.js";
import { framedMessage } from "./http2/grpc-message-reader.js";
import { encodeHeaders } from "./http2/hpack-encoder.js";
import { settingsPayload } from "./http2/settings.js";
import { openNativeLink } from "./native-link.js";
import { endsRequest, startScriptedPeer } from "./testing/scripted-peer.js";

const { signal } = new AbortController();
const response = encodeHeaders([
  [":status", "200"],
  ["content-type", "application/grpc"],
]);
const ok = encodeHeaders([["grpc-status", "0"]]);
const headers = (id: number, block: Uint8Array, flags = 0): Buffer => frame(FrameType.HEADERS, Flag.END_HEADERS | flags, id, block);
const trailers = (id: number, block: Uint8Array = ok): Buffer => headers(id, block, Flag.END_STREAM);
const message = (id: number, text: string): Buffer => frame(FrameType.DATA, 0, id, framedMessage(Buffer.from(text)));
const answer = (id: number, text: string): Buffer => Buffer.concat([headers(id, response), message(id, text), trailers(id)]);

/** One call to a peer that answers each whole request with these bytes. */
async function callPeer(reply: (id: number) => Uint8Array, body = "question"): Promise<{ text: string; frames: readonly Frame[] }> {
  await using peer = await startScriptedPeer((it, write) => {
    if (endsRequest(it)) write(reply(it.streamId));
  });
  const link = await openNativeLink(peer.target, 1000);
  try {
    const bytes = await link.unary("/a.B/C", Buffer.from(body), { signal, timeoutMs: 3000 });
    return { text: Buffer.from(bytes).toString(), frames: peer.frames };
  } finally {
    link.close();
  }
}

test("takes padding, priorities, continuations, unknown frames, and bytes that come one by one", async () => {
  const priority = Buffer.from([3, 0, 0, 0, 0, 16]);
  const padded = Buffer.concat([priority, response.subarray(0, 4), Buffer.alloc(3)]);
  const { text } = await callPeer((id) =>
    Buffer.concat([
      frame(99, 0xff, id, Buffer.from("unknown")),
      frame(FrameType.HEADERS, Flag.PADDED | Flag.PRIORITY, id, padded),
      frame(FrameType.CONTINUATION, Flag.END_HEADERS, id, response.subarray(4)),
      frame(FrameType.PRIORITY, 0, id, Buffer.alloc(5)),
      ...[...framedMessage(Buffer.from("answer"))].map((byte) => frame(FrameType.DATA, Flag.PADDED, id, Buffer.from([2, byte, 0, 0]))),
      trailers(id),
    ]),
  );
  expect(text).toBe("answer");
});

test("answers pings and acknowledges settings", async () => {
  const { frames } = await callPeer((id) => Buffer.concat([frame(FrameType.PING, 0, 0, Buffer.from("12345678")), answer(id, "x")]));
  expect(frames.some(({ type, flags }) => type === FrameType.SETTINGS && flags === Flag.ACK)).toBe(true);
});

test.each<[string, (id: number) => Buffer, GrpcCode]>([
  ["a refused stream", (id) => frame(FrameType.RST_STREAM, 0, id, uint32(ErrorCode.REFUSED_STREAM)), GrpcCode.Unavailable],
  ["a reset as if cancelled", (id) => frame(FrameType.RST_STREAM, 0, id, uint32(ErrorCode.CANCEL)), GrpcCode.Unknown],
  ["an answer without a status", (id) => frame(FrameType.DATA, Flag.END_STREAM, id, Buffer.alloc(0)), GrpcCode.Internal],
  ["no message at all", (id) => Buffer.concat([headers(id, response), trailers(id)]), GrpcCode.Internal],
  ["two messages", (id) => Buffer.concat([headers(id, response), message(id, "a"), message(id, "b"), trailers(id)]), GrpcCode.Internal],
  ["a message cut off", (id) => Buffer.concat([headers(id, response), message(id, "abc").subarray(0, 9), trailers(id)]), GrpcCode.Unavailable],
  [
    "a compressed message",
    (id) => Buffer.concat([headers(id, response), frame(FrameType.DATA, 0, id, Buffer.from([1, 0, 0, 0, 0]))]),
    GrpcCode.Internal,
  ],
  ["a page of HTTP", (id) => trailers(id, encodeHeaders([[":status", "503"]])), GrpcCode.Unavailable],
  [
    "a status in trailers alone",
    (id) =>
      trailers(
        id,
        encodeHeaders([
          [":status", "200"],
          ["grpc-status", "5"],
        ]),
      ),
    GrpcCode.NotFound,
  ],
  ["a frame over our limit", () => Buffer.from([0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1]), GrpcCode.Unavailable],
  ["broken header compression", (id) => headers(id, Buffer.from([0x80])), GrpcCode.Unavailable],
  ["more padding than payload", (id) => frame(FrameType.DATA, Flag.PADDED, id, Buffer.from([9, 0])), GrpcCode.Unavailable],
  ["a push", (id) => frame(FrameType.PUSH_PROMISE, Flag.END_HEADERS, id, uint32(2)), GrpcCode.Unavailable],
  ["data of a stream that never was", () => frame(FrameType.DATA, 0, 99, Buffer.alloc(1)), GrpcCode.Unavailable],
  ["a window that grows too large", () => frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(2 ** 31 - 1)), GrpcCode.Unavailable],
  ["a window update of nothing", () => frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(0)), GrpcCode.Unavailable],
  ["settings out of range", () => frame(FrameType.SETTINGS, 0, 0, settingsPayload([[Setting.MAX_FRAME_SIZE, 1]])), GrpcCode.Unavailable],
  [
    "a header block without end",
    (id) => Buffer.concat([frame(FrameType.HEADERS, 0, id, response), frame(FrameType.PING, 0, 0, Buffer.alloc(8))]),
    GrpcCode.Unavailable,
  ],
  [
    "a flood of continuations",
    (id) =>
      Buffer.concat([
        frame(FrameType.HEADERS, 0, id, response),
        ...Array.from({ length: 20 }, () => frame(FrameType.CONTINUATION, 0, id, Buffer.alloc(16_384))),
      ]),
    GrpcCode.Unavailable,
  ],
])("%s is a failed call, and never more", async (_name, reply, code) => {
  await expect(callPeer(reply)).rejects.toMatchObject({ name: "GrpcError", code });
});

test("a message in grpc-message is decoded, and error details are read", async () => {
  const block = encodeHeaders([
    [":status", "200"],
    ["grpc-status", "3"],
    ["grpc-message", "100%25 f%C3%BCr alle"],
  ]);
  await expect(callPeer((id) => trailers(id, block))).rejects.toMatchObject({ code: GrpcCode.InvalidArgument, message: "100% für alle" });
});

test("no more calls are begun than the peer allows; the others wait", async () => {
  let open = 0;
  let most = 0;
  const settings = settingsPayload([[Setting.MAX_CONCURRENT_STREAMS, 2]]);
  await using peer = await startScriptedPeer((it, write) => {
    if (it.type === FrameType.HEADERS) open += 1;
    most = Math.max(most, open);
    if (!endsRequest(it)) return;
    setTimeout(() => {
      open -= 1;
      write(answer(it.streamId, String(it.streamId)));
    }, 5);
  }, settings);
  const link = await openNativeLink(peer.target, 1000);
  const answers = await Promise.all(Array.from({ length: 10 }, () => link.unary("/a.B/C", new Uint8Array(), { signal })));
  expect(answers.map((it) => Number(Buffer.from(it).toString()))).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
  expect(most).toBe(2);
  link.close();
});

test("a body over the window waits for room, on the stream's window and on the connection's", async () => {
  let received = 0;
  await using peer = await startScriptedPeer((it, write) => {
    if (it.type !== FrameType.DATA) return;
    received += it.payload.length;
    if (endsRequest(it)) write(answer(it.streamId, String(received)));
    else if (received % 65_535 === 0) {
      write(frame(FrameType.WINDOW_UPDATE, 0, 0, uint32(65_535)));
      setTimeout(() => write(frame(FrameType.WINDOW_UPDATE, 0, it.streamId, uint32(65_535))), 1);
    }
  });
  const link = await openNativeLink(peer.target, 1000);
  const answered = await link.unary("/a.B/C", new Uint8Array(1 << 20), { signal, timeoutMs: 5000 });
  expect(Buffer.from(answered).toString()).toBe(String((1 << 20) + 5));
  link.close();
});

test("after GOAWAY the calls that the peer took are finished, the others and new ones are Unavailable", async () => {
  const ids: number[] = [];
  await using peer = await startScriptedPeer((it, write) => {
    if (!endsRequest(it)) return;
    ids.push(it.streamId);
    if (ids.length < 2) return;
    write(frame(FrameType.GOAWAY, 0, 0, Buffer.concat([uint32(1), uint32(0)])));
    setTimeout(() => write(answer(1, "taken")), 20);
  });
  const link = await openNativeLink(peer.target, 1000);
  const first = link.unary("/a.B/C", new Uint8Array(), { signal });
  const second = link.unary("/a.B/C", new Uint8Array(), { signal });
  await expect(second).rejects.toMatchObject({ code: GrpcCode.Unavailable });
  await expect(link.unary("/a.B/C", new Uint8Array(), { signal })).rejects.toMatchObject({ code: GrpcCode.Unavailable });
  expect(Buffer.from(await first).toString()).toBe("taken");
  link.close();
});

test("a slow reader of a stream holds the peer back, and nobody else", async () => {
  const frames = Array.from({ length: 16 }, () => framedInFrames(1, 1 << 20)).flat();
  let room = streamWindow;
  let sent = 0;
  await using peer = await startScriptedPeer((it, write) => {
    if (it.streamId > 1 && endsRequest(it)) write(answer(it.streamId, "quick"));
    if (it.streamId !== 1) return;
    if (it.type === FrameType.WINDOW_UPDATE) room += it.payload.readUInt32BE(0);
    if (endsRequest(it)) write(headers(1, response));
    for (let next = frames[0]; next !== undefined && next.length <= room && it.type !== FrameType.HEADERS; next = frames[0]) {
      frames.shift();
      room -= next.length;
      sent += next.length;
      write(next);
    }
    if (frames.length === 0) write(trailers(1));
  });
  const link = await openNativeLink(peer.target, 1000);
  const messages = link.serverStream("/a.B/C", new Uint8Array(), { signal })[Symbol.asyncIterator]();
  await messages.next();
  for (let calls = 0; calls < 5; calls += 1) {
    expect(Buffer.from(await link.unary("/a.B/C", new Uint8Array(), { signal })).toString()).toBe("quick");
  }
  // The window, the message that was taken and the one on its way.
  expect(sent).toBeLessThanOrEqual(7 << 20);
  let count = 1;
  while ((await messages.next()).done !== true) count += 1;
  expect(count).toBe(16);
  link.close();
});

test("a peer that sends more than the window loses its connection", async () => {
  await using peer = await startScriptedPeer((it, write) => {
    if (endsRequest(it)) write(Buffer.concat([headers(1, response), ...Array.from({ length: 12 }, () => framedInFrames(1, 1 << 20)).flat()]));
  });
  const link = await openNativeLink(peer.target, 1000);
  const messages = link.serverStream("/a.B/C", new Uint8Array(), { signal })[Symbol.asyncIterator]();
  await messages.next();
  await new Promise((resolve) => setTimeout(resolve, 200));
  const readAll = async (): Promise<void> => {
    while ((await messages.next()).done !== true);
  };
  await expect(readAll()).rejects.toMatchObject({ code: GrpcCode.Unavailable });
  link.close();
});

/** A message in frames of the usual size. */
function framedInFrames(id: number, bytes: number): readonly Buffer[] {
  const body = framedMessage(new Uint8Array(bytes));
  return Array.from({ length: Math.ceil(body.length / 16_384) }, (_, index) =>
    frame(FrameType.DATA, 0, id, body.subarray(index * 16_384, (index + 1) * 16_384)),
  );
}

test("a peer that accepts and says nothing is not connected to, in time", async () => {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  await expect(openNativeLink({ address: { network: "tcp", host: "127.0.0.1", port } }, 200)).rejects.toMatchObject({ code: GrpcCode.Unavailable });
  server.close();
});

test("a message that says it is a gigabyte ends its call before a byte of it is kept", async () => {
  const prefix = Buffer.from([0, 0x40, 0, 0, 0]);
  await using peer = await startScriptedPeer((it, write) => {
    if (endsRequest(it)) write(Buffer.concat([headers(it.streamId, response), frame(FrameType.DATA, 0, it.streamId, prefix)]));
  });
  const link = await openNativeLink(peer.target, 1000);
  await expect(link.unary("/a.B/C", Buffer.from("x"), { signal, timeoutMs: 3000 })).rejects.toMatchObject({ limitBytes: 256 << 20 });
  link.close();
});

test("large answers come a few at a time, and the others when those are whole or given up", async () => {
  const size = 6 << 20;
  const left = new Map<number, Buffer[]>();
  const room = new Map<number, number>();
  await using peer = await startScriptedPeer((it, write) => {
    const { streamId } = it;
    if (it.type === FrameType.WINDOW_UPDATE) room.set(streamId, (room.get(streamId) ?? streamWindow) + it.payload.readUInt32BE(0));
    if (endsRequest(it)) {
      left.set(streamId, [...framedInFrames(streamId, size)]);
      write(headers(streamId, response));
    }
    // The first two stop in the middle of their answers.
    const least = streamId <= 3 ? 100 : 0;
    const frames = left.get(streamId) ?? [];
    for (let next = frames[0]; next !== undefined && frames.length > least; next = frames[0]) {
      const granted = room.get(streamId) ?? streamWindow;
      if (next.length > granted) return;
      frames.shift();
      room.set(streamId, granted - next.length);
      write(next);
    }
    if (left.delete(streamId) && frames.length === 0) write(trailers(streamId));
  });
  const link = await openNativeLink(peer.target, 1000);
  const caller = new AbortController();
  const stuck = [1, 2].map(() => link.unary("/a.B/C", new Uint8Array(), { signal: caller.signal }));
  let whole = 0;
  const others = [1, 2, 3, 4].map(async () => {
    expect(await link.unary("/a.B/C", new Uint8Array(), { signal, timeoutMs: 10_000 })).toHaveLength(size);
    whole += 1;
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  // Two of 6 MiB are on their way; a third would be more than 16.
  expect(whole).toBe(0);
  caller.abort();
  for (const call of stuck) await expect(call).rejects.toMatchObject({ code: GrpcCode.Canceled });
  await Promise.all(others);
  expect(whole).toBe(4);
  link.close();
});
