import { expect, test } from "vitest";
import { framedMessage, GrpcMessageReader } from "./grpc-message-reader.js";

test("a message that is larger than its first memory comes whole, and what was read can be overwritten", () => {
  const reader = new GrpcMessageReader(64 << 20);
  const sent = Buffer.allocUnsafe(21_000_000).map((_, index) => index % 251);
  const body = framedMessage(sent);
  const piece = Buffer.alloc(16_384);
  const messages: Buffer[] = [];
  for (let at = 0; at < body.length; at += piece.length) {
    const length = body.copy(piece, 0, at);
    messages.push(...reader.push(piece.subarray(0, length)));
    piece.fill(255);
  }
  expect(messages).toHaveLength(1);
  expect(messages[0]?.equals(sent)).toBe(true);
  expect([reader.pending, reader.missing]).toEqual([0, 0]);
});

test("a message that is only announced takes no memory of its size", () => {
  const reader = new GrpcMessageReader(256 << 20);
  const before = process.memoryUsage().arrayBuffers;
  expect(reader.push(Buffer.from([0, 0x0f, 0, 0, 0, 1]))).toEqual([]);
  expect(reader.missing).toBe(0x0f00_0000 - 1);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 << 20);
});
