import type { Entry } from "@dataplane/storage";
import { expect, test } from "vitest";
import type { Write } from "./engine.js";
import { planWrites } from "./write-plan.js";

const value = new Uint8Array([1]);
const put = (key: string, expected: bigint, expires?: number): Write => ({ type: "put", key, value, expected, expires });
const remove = (key: string, expected: bigint): Write => ({ type: "delete", key, expected });
const entry = (key: string, revision: bigint): Entry => ({ key, value, revision });
const there = (...entries: readonly Entry[]): ReadonlyMap<string, Entry> => new Map(entries.map((each) => [each.key, each]));

test("revisions go on without a gap, and a write that is refused takes none", () => {
  const plan = planWrites([put("/a", 0n), put("/b", 0n), put("/c", 0n)], 7, there(entry("/b", 5n)));
  expect(plan.results.map((result) => (result.type === "written" ? result.revision : result))).toEqual([8n, { type: "conflict", actual: 5n }, 9n]);
  expect(plan.log.map(({ revision, key }) => [revision, key])).toEqual([
    [8, "/a"],
    [9, "/c"],
  ]);
  expect(plan.revision).toBe(9);
});

test("a write sees those before it in the batch, and the last one counts", () => {
  const plan = planWrites([put("/a", 0n), put("/a", 2n, 99), put("/a", 0n), remove("/a", 3n), remove("/a", 4n)], 1, there());
  expect(plan.results.map(({ type }) => type)).toEqual(["written", "written", "conflict", "written", "conflict"]);
  expect(plan.log.map(({ revision, deleted, previous }) => [revision, deleted, previous])).toEqual([
    [2, false, 0],
    [3, false, 2],
    [4, true, 3],
  ]);
  expect([...plan.current]).toEqual([["/a", undefined]]);
});

test("a key that is put has its revision and expiry; the entry it replaced is told", () => {
  const old = entry("/a", 4n);
  const plan = planWrites([put("/a", 4n, 99)], 9, there(old));
  expect(plan.results).toEqual([{ type: "written", revision: 10n, previous: old }]);
  expect(plan.current.get("/a")).toEqual({ revision: 10, expires: 99 });
});

test("nothing changes when every write is refused", () => {
  const plan = planWrites([put("/a", 3n), remove("/b", 0n)], 9, there());
  expect(plan).toMatchObject({ log: [], revision: 9 });
  expect(plan.current.size).toBe(0);
});
