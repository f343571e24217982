import { expect, test } from "vitest";
import { readQuery } from "./prometheus-query.js";

const minute = { from: new Date("2026-01-01T00:00:00Z"), to: new Date("2026-01-01T00:01:00Z") };
// What hosts say of a query that says nothing of it.
const defaults = { intervalMs: 1000, maxDataPoints: 100 };
const stepOf = (json: Record<string, unknown>): number =>
  readQuery({ refId: "A", queryType: "", timeRange: minute, ...defaults, json: { expr: "up", ...json } }, { scrapeInterval: "15s", fromAlert: false })
    .stepMs;

test("the step is no finer than the scrape interval, unless the query itself says so", () => {
  expect(stepOf({})).toBe(15_000);
  expect(stepOf({ intervalMs: 1000 })).toBe(1000);
  expect(stepOf({ interval: "2s" })).toBe(2000);
});
