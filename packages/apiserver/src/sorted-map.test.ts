import { expect, test } from "vitest";
import { SortedMap } from "./sorted-map.js";

function filled(): SortedMap<number> {
  const map = new SortedMap<number>();
  map.replace([
    ["/b/2", 2],
    ["/a/1", 1],
    ["/b/1", 3],
    ["/bb", 4],
  ]);
  return map;
}

test("values lie under a prefix in the order of their keys, from behind a key", () => {
  const map = filled();
  expect(map.under("/b/")).toEqual([3, 2]);
  expect(map.under("/b/", "/b/1")).toEqual([2]);
  expect(map.under("/b/", "/b/2")).toEqual([]);
  expect(map.under("/")).toEqual([1, 3, 2, 4]);
  expect(map.under("/c/")).toEqual([]);
});

test("a value that is set again keeps its place, and one that goes leaves none", () => {
  const map = filled();
  map.set("/b/1", 5);
  map.set("/b/10", 6);
  map.delete("/b/2");
  map.delete("/none");
  expect(map.under("/b/")).toEqual([5, 6]);
  expect([map.get("/b/1"), map.get("/b/2")]).toEqual([5, undefined]);
});
