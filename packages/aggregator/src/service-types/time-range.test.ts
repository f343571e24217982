import { expect, test } from "vitest";
import { parseTimeRange } from "./time-range.js";

// A Tuesday.
const now = new Date("2026-11-24T12:34:56.789Z");

test.each([
  ["now", "2026-11-24T12:34:56.789Z"],
  ["now-1h", "2026-11-24T11:34:56.789Z"],
  ["now-90s", "2026-11-24T12:33:26.789Z"],
  ["now+2d", "2026-11-26T12:34:56.789Z"],
  ["now/d", "2026-11-24T00:00:00.000Z"],
  ["now-1d/d", "2026-11-23T00:00:00.000Z"],
  ["now/w", "2026-11-23T00:00:00.000Z"],
  ["now/M", "2026-11-01T00:00:00.000Z"],
  ["now/Q", "2026-10-01T00:00:00.000Z"],
  ["now-1y/y", "2025-01-01T00:00:00.000Z"],
  ["now-9M", "2026-02-24T12:34:56.789Z"],
  ["now-1d/d+8h", "2026-11-23T08:00:00.000Z"],
  ["5m", "2026-11-24T12:29:56.789Z"],
  ["1700000000000", "2023-11-14T22:13:20.000Z"],
  ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z"],
  ["2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05.000Z"],
  ["2026-01-02 03:04:05", "2026-01-02T03:04:05.000Z"],
  ["2026-01-02", "2026-01-02T00:00:00.000Z"],
])("from %s is %s", (from, expected) => {
  expect(new Date(parseTimeRange(from, "now", now).fromEpochMS).toISOString()).toBe(expected);
});

test.each([
  ["now/d", "2026-11-24T23:59:59.999Z"],
  ["now-1M/M", "2026-10-31T23:59:59.999Z"],
  ["now/w", "2026-11-29T23:59:59.999Z"],
])("to %s is the end of its unit, %s", (to, expected) => {
  expect(new Date(parseTimeRange("now", to, now).toEpochMS).toISOString()).toBe(expected);
});

test("the last day of a month stays in the month that is shorter", () => {
  expect(parseTimeRange("now-1M", "now", new Date("2026-03-31T00:00:00Z")).fromEpochMS).toBe(Date.parse("2026-02-28T00:00:00Z"));
});

test("the last six hours unless told", () => {
  expect(parseTimeRange(undefined, undefined, now)).toEqual({ fromEpochMS: now.getTime() - 6 * 3_600_000, toEpochMS: now.getTime() });
});

test.each(["", "nowhere", "now-", "now-1x", "now/", "now--1h", "2026-13-40", "1e3", true, {}, Number.NaN, 1e300])("refuses %o", (from) => {
  expect(() => parseTimeRange(from, "now", now)).toThrow(/from: .* is no time/);
});
