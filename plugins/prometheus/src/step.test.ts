import { expect, test } from "vitest";
import { parseDuration, promDuration, stepText } from "./duration.js";
import { interpolate } from "./interpolate.js";
import { alignToStep, calculateStep, rateInterval } from "./step.js";

const hour = 3_600_000;
const usual = { rangeMs: hour, maxDataPoints: 1000, minStep: "", intervalMs: 0, intervalFactor: 1, scrapeInterval: "15s" };

test("a step is at least the scrape interval, the dashboard's interval or the query's own minimum, in that order of weight", () => {
  expect(calculateStep(usual)).toBe(15_000);
  expect(calculateStep({ ...usual, intervalMs: 5000 })).toBe(5000);
  expect(calculateStep({ ...usual, intervalMs: 5000, minStep: "1m" })).toBe(60_000);
  expect(calculateStep({ ...usual, minStep: "0s" })).toBe(15_000);
  expect(calculateStep({ ...usual, minStep: ">30" })).toBe(30_000);
});

test("a minimum that cannot be read is refused, a variable of the dashboard too", () => {
  expect(() => calculateStep({ ...usual, minStep: "$mine" })).toThrow('interval: "$mine" is not a duration');
  expect(calculateStep({ ...usual, minStep: "${__interval}" })).toBe(15_000);
});

test("a wide range gets a round step that fits its points", () => {
  expect(calculateStep({ ...usual, rangeMs: 24 * hour, maxDataPoints: 100 })).toBe(900_000);
  expect(calculateStep({ ...usual, rangeMs: 7 * 24 * hour, maxDataPoints: 500 })).toBe(1_200_000);
  expect(calculateStep({ ...usual, maxDataPoints: 0, rangeMs: 24 * hour })).toBe(60_000);
});

test("the factor widens the step", () => {
  expect(calculateStep({ ...usual, intervalFactor: 2 })).toBe(30_000);
  expect(calculateStep({ ...usual, intervalFactor: 0 })).toBe(15_000);
});

test("no query has more points than Prometheus answers", () => {
  for (const days of [1, 2, 7, 30, 365, 3650, 20_000]) {
    const rangeMs = days * 24 * hour;
    const step = calculateStep({ ...usual, rangeMs, maxDataPoints: 1_000_000, minStep: "1ms" });
    expect(rangeMs / step + 1).toBeLessThanOrEqual(11_000);
  }
});

test("a minimum of $__rate_interval is final", () => {
  expect(calculateStep({ ...usual, minStep: "$__rate_interval" })).toBe(60_000);
  expect(calculateStep({ ...usual, minStep: "${__rate_interval}", intervalMs: 120_000, intervalFactor: 3 })).toBe(135_000);
});

test("the rate interval holds four samples", () => {
  expect(rateInterval(15_000, "15s")).toBe(60_000);
  expect(rateInterval(300_000, "15s")).toBe(315_000);
});

test("steps of a day begin at the user's midnight", () => {
  const day = 86_400_000;
  expect(alignToStep(day + 5, day, 0)).toBe(day);
  expect(alignToStep(day + 5, day, 3600)).toBe(day - hour);
  expect(alignToStep(-1, 1000, 0)).toBe(-1000);
});

test("durations are read and written as PromQL has them", () => {
  expect(["15", "15s", "1m30s", "1.5h", "2d", "<10ms"].map((text) => parseDuration(text, "it"))).toEqual([
    15_000, 15_000, 90_000, 5_400_000, 172_800_000, 10,
  ]);
  for (const wrong of ["", "s", "5x", "5 s", "1.2.3s", "-5s", "$__x", "5s5"]) expect(() => parseDuration(wrong, "it"), wrong).toThrow(/^it: /);
  expect([1, 15_000, 90_000, 86_400_000, 90_061_001].map(promDuration)).toEqual(["1ms", "15s", "1m30s", "1d", "1d1h1m1s1ms"]);
  expect([500, 15_000, 60_000, 90_000, 3_600_000].map(stepText)).toEqual(["500ms", "15s", "1m0s", "1m30s", "1h0m0s"]);
});

test("variables of intervals and ranges are replaced, all others left alone", () => {
  const variables = { stepMs: 30_000, rangeMs: 3_600_400, minStep: "", scrapeInterval: "15s" };
  expect(interpolate("rate(x[$__rate_interval]) + y[${__interval}]", variables)).toBe("rate(x[1m]) + y[30s]");
  expect(interpolate("$__interval_ms ${__range_ms} $__range_s $__range ${__range}", variables)).toBe("30000 3600400 3600 3600s 3600s");
  expect(interpolate("x[$__rate_interval]", { ...variables, minStep: "1m" })).toBe("x[4m]");
  expect(interpolate('{job="$job", x="$__unknown", y="$1"}', variables)).toBe('{job="$job", x="$__unknown", y="$1"}');
});
