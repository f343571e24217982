import { expect, test } from "vitest";
import { checkWatches } from "./check-watches.js";
import type { WatchEvent, WatchSession } from "./watchers.js";

const log = [
  { revision: 11, key: "a", value: "first" },
  { revision: 13, key: "b", value: "other" },
  { revision: 14, key: "a", value: "second" },
  { revision: 17, key: "a" },
];

const added = event("ADDED", "a", 11, "first");
const other = event("ADDED", "b", 13, "other");
const modified = event("MODIFIED", "a", 14, "second");
const deleted = event("DELETED", "a", 17, "second");

function event(type: "ADDED" | "MODIFIED" | "DELETED", key: string, revision: number, value: string): WatchEvent {
  return { type, item: { key, revision, value } };
}

const bookmark = (revision: number, isStart = false): WatchEvent => ({ type: "BOOKMARK", revision, isStart });

function faultsOf(since: number | undefined, events: readonly WatchEvent[], end: WatchSession["end"] = "open"): string {
  return checkWatches([{ watcher: 1, since, events, end }], log).faults.join("\n");
}

test("every change once and in order, from the start or from the middle, is right", () => {
  expect(faultsOf(5, [added, other, bookmark(13), modified, deleted, bookmark(20)])).toBe("");
  expect(faultsOf(13, [modified, deleted])).toBe("");
  expect(faultsOf(11, [other], "broken")).toBe("");
  expect(faultsOf(undefined, [other, event("ADDED", "a", 14, "second"), bookmark(15, true), deleted])).toBe("");
  // Whoever is told that it is too late has lost nothing without knowing.
  expect(faultsOf(5, [added], "gone")).toBe("");
});

test("a change that is left out, comes twice, out of order or as another type is found", () => {
  expect(faultsOf(5, [added, modified, deleted])).toContain("ADDED b other at 13 was next");
  expect(faultsOf(5, [added, other, other], "closed")).toContain("MODIFIED a second at 14 was next");
  expect(faultsOf(5, [other, added], "closed")).toContain("ADDED a first at 11 was next");
  expect(faultsOf(11, [event("MODIFIED", "b", 13, "other")], "closed")).toContain("ADDED b other at 13 was next");
  expect(faultsOf(14, [event("DELETED", "a", 17, "first")], "closed")).toContain("DELETED a second at 17 was next");
});

test("a loss that nobody would see by the events alone is found", () => {
  expect(faultsOf(5, [added, other, modified])).toContain("was open at the end without DELETED a second at 17");
  expect(faultsOf(5, [added, bookmark(13)], "closed")).toContain("a bookmark at 13 passes over ADDED b other at 13");
  expect(faultsOf(13, [modified, bookmark(13)], "closed")).toContain("goes back");
});

test("a state at the start that is not what was there is found", () => {
  expect(faultsOf(undefined, [other, bookmark(15, true), deleted])).toContain("began at 15 without MODIFIED a second at 14");
  expect(faultsOf(undefined, [other, added, bookmark(15, true), deleted])).toContain("began with ADDED a at 11");
  expect(faultsOf(undefined, [other, event("ADDED", "a", 14, "second"), bookmark(17, true)])).toContain("began with ADDED a at 14");
});
