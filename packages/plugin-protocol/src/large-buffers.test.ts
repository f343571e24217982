import { expect, test, vi } from "vitest";
import { LargeBuffers } from "./large-buffers.js";

const megabyte = 1 << 20;

test("memory that was given back is used again, by a message of about its size", () => {
  const buffers = new LargeBuffers();
  const first = buffers.take(5 * megabyte);
  expect(first).toHaveLength(5 * megabyte);
  buffers.giveBack(first.subarray(100, 200));
  expect(buffers.take(megabyte).buffer).not.toBe(first.buffer);
  expect(buffers.take(6 * megabyte).buffer).not.toBe(first.buffer);
  const next = buffers.take(4 * megabyte + 3);
  expect(next.buffer).toBe(first.buffer);
  expect(next).toHaveLength(4 * megabyte + 3);
  expect(buffers.take(5 * megabyte).buffer).not.toBe(first.buffer);
});

test("memory is given out once, however often it is given back", () => {
  const buffers = new LargeBuffers();
  const first = buffers.take(2 * megabyte);
  for (let times = 0; times < 3; times += 1) buffers.giveBack(first);
  expect(buffers.take(2 * megabyte).buffer).toBe(first.buffer);
  expect(buffers.take(2 * megabyte).buffer).not.toBe(first.buffer);
});

test("what was not taken here, and small messages, are nobody's to give back", () => {
  const buffers = new LargeBuffers();
  buffers.giveBack(Buffer.alloc(2 * megabyte));
  buffers.giveBack(buffers.take(1000));
  expect(buffers.kept).toBe(0);
});

test("only so much is kept, and for a while", () => {
  vi.useFakeTimers();
  try {
    const buffers = new LargeBuffers();
    for (const taken of Array.from({ length: 10 }, () => buffers.take(5 * megabyte))) buffers.giveBack(taken);
    expect(buffers.kept).toBe(20 * megabyte);
    vi.advanceTimersByTime(6_000);
    expect(buffers.kept).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});
