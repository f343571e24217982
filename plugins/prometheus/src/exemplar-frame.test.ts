import { expect, test } from "vitest";
import { exemplarFrames } from "./exemplar-frame.js";

test("exemplars of all series are one frame, by time, with a column for each label", () => {
  const [frame] = exemplarFrames([
    { seriesLabels: { __name__: "x", job: "b" }, exemplars: [{ labels: { trace_id: "t2" }, value: "6", timestamp: 20.5 }] },
    { seriesLabels: { __name__: "x" }, exemplars: [{ labels: { trace_id: "t1" }, value: "+Inf", timestamp: 10 }] },
  ]);
  expect(frame).toMatchObject({ name: "exemplar", meta: { custom: { resultType: "exemplar" } } });
  expect(frame?.fields.map(({ name, values }) => [name, values])).toEqual([
    ["Time", [10_000_000_000n, 20_500_000_000n]],
    ["Value", [Number.POSITIVE_INFINITY, 6]],
    ["__name__", ["x", "x"]],
    ["job", ["", "b"]],
    ["trace_id", ["t1", "t2"]],
  ]);
});

test("no exemplars are no frame, and anything else is not Prometheus' answer", () => {
  expect(exemplarFrames([])).toEqual([]);
  expect(() => exemplarFrames({})).toThrow("not Prometheus'");
});
