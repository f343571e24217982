import { PassThrough } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ClientConnection } from "./client-connection.js";
import { ConnectionError, frame } from "./frame.js";
import { FrameReader } from "./frame-reader.js";
import { framedMessage, GrpcMessageReader } from "./grpc-message-reader.js";
import { HpackDecoder } from "./hpack-decoder.js";
import { encodeHeaders } from "./hpack-encoder.js";

const bytes = fc.uint8Array({ maxLength: 300 }).map((it) => Buffer.from(it));
const anyFrame = fc.record({
  type: fc.integer({ min: 0, max: 10 }),
  flags: fc.integer({ min: 0, max: 255 }),
  streamId: fc.integer({ min: 0, max: 5 }),
  payload: bytes,
});

test("whatever bytes come as a header block, they are fields or a ConnectionError", () => {
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 5 }), (blocks) => {
      const decoder = new HpackDecoder();
      for (const block of blocks) {
        try {
          decoder.decode(block);
        } catch (error) {
          expect(error).toBeInstanceOf(ConnectionError);
          return;
        }
      }
    }),
    { numRuns: 2000 },
  );
});

test("frames and messages come out as they went in, however the bytes are cut", () => {
  fc.assert(
    fc.property(
      fc.array(anyFrame, { maxLength: 5 }),
      fc.array(bytes, { maxLength: 5 }),
      fc.integer({ min: 1, max: 50 }),
      (frames, messages, step) => {
        const seen: object[] = [];
        const reader = new FrameReader((it) => seen.push({ ...it, payload: Buffer.from(it.payload) }));
        for (const piece of cut(Buffer.concat(frames.map((it) => frame(it.type, it.flags, it.streamId, it.payload))), step)) reader.push(piece);
        expect(seen).toEqual(frames);
        const messageReader = new GrpcMessageReader(1 << 20);
        const read = cut(Buffer.concat(messages.map(framedMessage)), step).flatMap((piece) => messageReader.push(piece));
        expect(read.map((it) => it.toString("hex"))).toEqual(messages.map((it) => it.toString("hex")));
      },
    ),
  );
});

test("whatever frames a peer sends, each call ends once at most, and at last", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyFrame, { maxLength: 20 }), async (frames) => {
      const socket = new PassThrough();
      // What we write must not come back to us.
      socket.write = () => true;
      const connection = new ClientConnection(socket, () => undefined);
      let ends = 0;
      const end = (): void => {
        ends += 1;
      };
      connection.request(encodeHeaders([]), framedMessage(Buffer.from("x")), {
        onHeaders: (_headers, isEnd) => (isEnd ? end() : undefined),
        onData: (_data, isEnd) => (isEnd ? end() : undefined),
        onReset: end,
        onLost: end,
      });
      for (const it of frames) socket.emit("data", frame(it.type, it.flags, it.streamId, it.payload));
      expect(ends).toBeLessThanOrEqual(1);
      connection.close();
      await new Promise((resolve) => setImmediate(resolve));
      expect(ends).toBe(1);
    }),
    { numRuns: 500 },
  );
});

function cut(all: Buffer, step: number): readonly Buffer[] {
  return Array.from({ length: Math.ceil(all.length / step) }, (_, index) => all.subarray(index * step, (index + 1) * step));
}
