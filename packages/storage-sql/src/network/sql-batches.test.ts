import { expect, test } from "vitest";
import { inGroups, inPaddedGroups } from "./sql-batches.js";

const sqlOf = (count: number): string => `for ${String(count)}`;
const rows = (count: number, bytes = 1) => Array.from({ length: count }, (_, index) => [index, new Uint8Array(bytes)] as const);

test.each([
  [0, []],
  [1, [1]],
  [7, [4, 2, 1]],
  [64, [64]],
  [600, [256, 256, 64, 16, 8]],
])("%i rows go in groups of powers of two, in order", (count, sizes) => {
  const statements = inGroups(rows(count), sqlOf);
  expect(statements.map(({ sql }) => sql)).toEqual(sizes.map(sqlOf));
  expect(statements.flatMap(({ values = [] }) => values.filter((value) => typeof value === "number"))).toEqual(rows(count).map(([index]) => index));
});

test("a group has no more bytes than it may, but for a row that is alone", () => {
  expect(inGroups(rows(8, 1000), sqlOf, 2500).map(({ sql }) => sql)).toEqual(["for 2", "for 2", "for 2", "for 2"]);
  expect(inGroups(rows(2, 5000), sqlOf, 2500).map(({ sql }) => sql)).toEqual(["for 1", "for 1"]);
});

test("values that may come twice are filled up with the last", () => {
  expect(inPaddedGroups([1, 2, 3], sqlOf)).toEqual([{ sql: "for 4", values: [1, 2, 3, 3] }]);
  expect(inPaddedGroups([1], sqlOf)).toEqual([{ sql: "for 1", values: [1] }]);
  expect(inPaddedGroups([], sqlOf)).toEqual([]);
  const many = inPaddedGroups(
    Array.from({ length: 300 }, (_, index) => index),
    sqlOf,
  );
  expect(many.map(({ sql }) => sql)).toEqual(["for 256", "for 64"]);
});
