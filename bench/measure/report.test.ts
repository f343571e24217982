import { expect, test } from "vitest";
import { atLeast, atMost, type Finding, holds, noLessThan, noMoreThan, ratioOf } from "./finding.js";
import { isShown, reportOf, verdictOf } from "./report.js";

const finding: Finding = { work: "small query", figure: "requests/s", ours: 300, peer: { name: "stand-in", value: 100 } };

test("a goal of the ratio is judged by ours divided by the peer's", () => {
  expect(ratioOf(finding)).toBe(3);
  expect(holds({ ...finding, goal: atLeast(3) })).toBe(true);
  expect(holds({ ...finding, goal: atLeast(3.1) })).toBe(false);
  expect(holds({ ...finding, goal: atMost(3) })).toBe(true);
  expect(holds({ ...finding, goal: atMost(2.9) })).toBe(false);
});

test("a goal of our own figure needs no peer", () => {
  const alone: Finding = { work: "start", figure: "ms", ours: 400 };
  expect(holds({ ...alone, goal: noMoreThan(400) })).toBe(true);
  expect(holds({ ...alone, goal: noMoreThan(399) })).toBe(false);
  expect(holds({ ...alone, goal: noLessThan(401) })).toBe(false);
});

test("a finding without a goal is not judged, and speaks against nothing", () => {
  expect(holds(finding)).toBeUndefined();
  expect(verdictOf(finding)).toBe("");
  expect(isShown(finding)).toBe(true);
});

test("a ratio without its peer was not measured, and so was not shown", () => {
  const { peer: _, ...alone } = finding;
  expect(holds({ ...alone, goal: atLeast(1) })).toBe(false);
  expect(verdictOf({ ...alone, goal: atLeast(1) })).toBe("not measured");
  expect(isShown({ ...alone, goal: atLeast(1) })).toBe(false);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])("%d is no measurement, of ours or of the peer", (value) => {
  expect(verdictOf({ ...finding, ours: value, goal: noMoreThan(1) })).toBe("not measured");
  expect(verdictOf({ ...finding, peer: { name: "stand-in", value: 0 }, goal: atLeast(1) })).toBe("not measured");
});

test("the table has a row for each finding, and counts what holds", () => {
  const { peer: _, ...alone } = finding;
  const table = reportOf([
    { ...finding, goal: atLeast(2.2) },
    { ...finding, figure: "CPU ms a request", ours: 0.12345, peer: { name: "stand-in", value: 0.25 }, goal: atMost(0.35) },
    { ...alone, goal: atLeast(1) },
    { work: "start", figure: "ms", ours: 12345.6 },
  ]);
  expect(table).toBe(
    [
      "| work        | figure           |  ours | peer            |  ratio |     goal |              |",
      "| ----------- | ---------------- | ----: | --------------- | -----: | -------: | ------------ |",
      "| small query | requests/s       |   300 | 100 (stand-in)  |     3x |  >= 2.2x | holds        |",
      "| small query | CPU ms a request | 0.123 | 0.25 (stand-in) | 0.494x | <= 0.35x | MISS         |",
      "| small query | requests/s       |   300 |                 |        |    >= 1x | not measured |",
      "| start       | ms               | 12346 |                 |        |          |              |",
      "",
      "1 goals hold, 1 missed, 1 not measured; 1 figures without a goal",
    ].join("\n"),
  );
});
