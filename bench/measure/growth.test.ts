import { expect, test } from "vitest";
import { flat, linear, type Sized } from "./growth.js";
import { verdictOf } from "./report.js";

const cost = { work: "services", figure: "start", unit: "ms" };
const at = (value: (size: number) => number): readonly Sized[] => [1, 10, 100, 1000].map((size) => ({ size, value: value(size) }));
const verdicts = (findings: ReturnType<typeof flat>): readonly string[] => findings.map(verdictOf).filter((it) => it !== "");

test("a cost that does not grow is flat, one that grows by a third is not", () => {
  expect(
    verdicts(
      flat(
        cost,
        at(() => 0.2),
      ),
    ),
  ).toEqual(["holds"]);
  expect(
    verdicts(
      flat(
        cost,
        at((size) => 0.3 + size / 10_000),
      ),
    ),
  ).toEqual(["MISS"]);
});

test("a cost of so much each is linear whatever it begins at, a quadratic one is not", () => {
  expect(
    verdicts(
      linear(
        cost,
        at((size) => 300 + size * 2),
      ),
    ),
  ).toEqual(["holds"]);
  expect(
    verdicts(
      linear(
        cost,
        at((size) => size * 2),
      ),
    ),
  ).toEqual(["holds"]);
  expect(
    verdicts(
      linear(
        cost,
        at((size) => 300 + size * size * 0.01),
      ),
    ),
  ).toEqual(["MISS"]);
});

test("noise where nothing grows yet is no growth", () => {
  expect(
    verdicts(
      linear(
        cost,
        [1, 10, 100, 1000].map((size, index) => ({ size, value: [300, 290, 305, 320][index] ?? 0 })),
      ),
    ),
  ).toEqual(["holds"]);
});

test("of few sizes there is nothing to judge", () => {
  expect(verdicts(linear(cost, at(() => 1).slice(0, 2)))).toEqual([]);
  expect(flat(cost, at(() => 1).slice(0, 1))).toEqual([]);
});
