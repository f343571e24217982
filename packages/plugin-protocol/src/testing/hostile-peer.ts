import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { PassThrough } from "node:stream";
import fc from "fast-check";
import { codecs } from "../codecs.js";
import { GrpcError } from "../grpc-link.js";
import { ClientConnection } from "../http2/client-connection.js";
import { ConnectionError, type Frame, frame } from "../http2/frame.js";
import { FrameReader } from "../http2/frame-reader.js";
import { framedMessage, GrpcMessageReader } from "../http2/grpc-message-reader.js";
import { HpackDecoder } from "../http2/hpack-decoder.js";
import { encodeHeaders } from "../http2/hpack-encoder.js";

// What holds for any bytes that a peer sends over the native link, once for the tests and for campaigns of more rounds.

/** Told how each round ended, such as "fields" or "ConnectionError". */
export type Seen = (outcome: string) => void;
const nobody: Seen = () => undefined;

const bytes = fc.uint8Array({ maxLength: 300 }).map((it) => Buffer.from(it));
const someFrame: fc.Arbitrary<Frame> = fc
  .tuple(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 5 }), bytes)
  .map(([type, flags, streamId, payload]) => ({ type, flags, streamId, payload }));

const likelyPayload = fc
  .constantFrom([], [0x88], [0x88, 0x80], [0, 0, 0, 0, 0], [0, 0, 0, 0], [0x7f, 0xff, 0xff, 0xff], [0, 4, 0, 0, 0, 0])
  .map((it) => Buffer.from(it));

/** A frame of the one call that there is, with flags that a peer may well send: it gets further than noise. */
const likelyFrame: fc.Arbitrary<Frame> = fc
  .tuple(fc.constantFrom(0, 1, 3, 4, 7, 8, 9), fc.constantFrom(0, 1, 4, 5), fc.constantFrom(0, 1), fc.oneof(bytes, likelyPayload))
  .map(([type, flags, streamId, payload]) => ({ type, flags, streamId, payload }));

export const hostileFrames: fc.Arbitrary<readonly Frame[]> = fc.array(fc.oneof(someFrame, likelyFrame), { maxLength: 20 });
export const hostileBlocks: fc.Arbitrary<readonly Buffer[]> = fc.array(bytes, { maxLength: 5 });

/** Frames, messages, and the size of the pieces that they come in. */
export const cutStreams = fc.tuple(fc.array(someFrame, { maxLength: 5 }), fc.array(bytes, { maxLength: 5 }), fc.integer({ min: 1, max: 50 }));

/** A header block is fields, or a ConnectionError. */
export function blocksAreFieldsOrRefused(blocks: readonly Buffer[], seen: Seen = nobody): void {
  const decoder = new HpackDecoder();
  try {
    for (const block of blocks) decoder.decode(block);
  } catch (error) {
    assert(error instanceof ConnectionError, String(error));
    seen("ConnectionError");
    return;
  }
  seen("fields");
}

/** Frames and messages come out as they went in, however the bytes are cut. */
export function cutsChangeNothing([frames, messages, step]: readonly [readonly Frame[], readonly Buffer[], number], seen: Seen = nobody): void {
  const read: Frame[] = [];
  const reader = new FrameReader((it) => read.push({ ...it, payload: Buffer.from(it.payload) }));
  for (const piece of cut(Buffer.concat(frames.map((it) => frame(it.type, it.flags, it.streamId, it.payload))), step)) reader.push(piece);
  assert.deepEqual(read, frames);
  const messageReader = new GrpcMessageReader(1 << 20);
  const whole = cut(Buffer.concat(messages.map(framedMessage)), step).flatMap((piece) => messageReader.push(piece));
  assert.deepEqual(
    whole.map((it) => it.toString("hex")),
    messages.map((it) => it.toString("hex")),
  );
  seen("as sent");
}

/** Whatever frames come, a call ends once at most; and once it has, when the connection is closed. */
export async function callEndsOnce(frames: readonly Frame[], seen: Seen = nobody): Promise<void> {
  const socket = new PassThrough();
  // What we write must not come back to us.
  socket.write = () => true;
  const connection = new ClientConnection(socket, () => undefined);
  socket.on("data", (data: Buffer) => connection.read(data));
  const ends: string[] = [];
  connection.request(encodeHeaders([]), framedMessage(Buffer.from("x")), {
    onHeaders(_headers, isEnd) {
      if (isEnd) ends.push("headers that end it");
    },
    onData(_data, isEnd) {
      if (isEnd) ends.push("data that end it");
    },
    onReset: () => void ends.push("a reset"),
    onLost: (error) => void ends.push(error instanceof ConnectionError ? "ConnectionError" : "a lost connection"),
  });
  for (const it of frames) socket.emit("data", frame(it.type, it.flags, it.streamId, it.payload));
  assert(ends.length <= 1, ends.join());
  connection.close();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(ends.length, 1);
  seen(ends.join());
}

const sound = [
  codecs.queryData.encodeResponse({
    responses: Object.fromEntries(
      ["A", "B", ""].map((refId) => [
        refId,
        { frames: [Buffer.from("{}")], error: "e", jsonMeta: Buffer.from("null"), status: 200, errorSource: "plugin", format: 1 as const },
      ]),
    ),
  }),
  codecs.callResource.encodeResponse({ code: 200, headers: { a: { values: ["b", ""] } }, body: Buffer.from("x") }),
].map((message) => Buffer.from(message));

/** Messages of the protocol with bytes changed, cut or said twice (a refId that comes again), and noise. */
export const hostileMessages: fc.Arbitrary<Buffer> = fc.oneof(
  bytes,
  fc
    .tuple(fc.constantFrom(...sound), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }), fc.nat(9), fc.nat(), fc.boolean())
    .map(([message, edits, isCut, end, twice]) => {
      const changed = Buffer.from(isCut === 0 ? message.subarray(0, end % message.length) : twice ? Buffer.concat([message, message]) : message);
      for (const [at, value] of edits) if (changed.length > 0) changed[at % changed.length] = value;
      return changed;
    }),
);

/** Bytes are a message of plain fields, or a GrpcError. */
export function messagesAreReadOrRefused(message: Uint8Array, seen: Seen = nobody): void {
  const readers = [codecs.queryData.decodeResponse, codecs.queryChunkedData.decodeResponse, codecs.callResource.decodeResponse];
  for (const read of readers) {
    try {
      JSON.stringify(read(message));
      seen("a message");
    } catch (error) {
      assert(error instanceof GrpcError, String(error));
      seen("GrpcError");
    }
  }
  assert.deepEqual(Object.keys(Object.prototype), []);
}

function cut(all: Buffer, step: number): readonly Buffer[] {
  return Array.from({ length: Math.ceil(all.length / step) }, (_, index) => all.subarray(index * step, (index + 1) * step));
}
