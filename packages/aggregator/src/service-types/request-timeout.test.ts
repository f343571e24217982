import { expect, test } from "vitest";
import { withRequestTimeout } from "./request-timeout.js";

const ask = (timeout?: string) =>
  withRequestTimeout({ callTimeoutMs: 30_000 }, new URLSearchParams(timeout === undefined ? {} : { timeout })).callTimeoutMs;

test.each([
  [undefined, 30_000],
  ["", 30_000],
  ["0", 30_000],
  ["0s", 30_000],
  ["500ms", 500],
  ["1.5s", 1500],
  ["0m2s5ms", 2005],
  ["1m30s", 30_000],
  ["9000h", 30_000],
])("timeout %j gives %d ms", (timeout, ms) => {
  expect(ask(timeout)).toBe(ms);
});

test.each(["5", "s", "-1s", "1s ", "1d", "1e3s", "1s;", "9".repeat(400)])("timeout %j is 400", (timeout) => {
  expect(() => ask(timeout)).toThrow(expect.objectContaining({ code: 400 }));
});
