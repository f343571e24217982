import type { JsonValue } from "@dataplane/meta";
import fc from "fast-check";
import fastJsonPatch from "fast-json-patch";
import { expect, test } from "vitest";
import { jsonEqual } from "../patch/json-equal.js";
import { applyJsonPatch } from "../patch/json-patch.js";
import { jsonDiff } from "./json-diff.js";

const asJson = (value: unknown): JsonValue => JSON.parse(JSON.stringify(value)) as JsonValue;

/** Few keys and values, so that two documents have much in common. */
const { node: document } = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(0, 1, "", "a", true, null),
    fc.array(tie("node"), { maxLength: 5 }),
    fc.dictionary(fc.constantFrom("a", "b", "a/b", "~", "~1", "", "0", "-", "constructor"), tie("node"), { maxKeys: 4 }),
  ),
}));

test("the patch, applied by us or by another library, makes the one of the other", () => {
  fc.assert(
    fc.property(document, document, (one, other) => {
      const [before, after] = [asJson(one), asJson(other)];
      const patch = jsonDiff(before, after);
      expect(jsonEqual(applyJsonPatch(before, asJson(patch)), after)).toBe(true);
      const applied: unknown = fastJsonPatch.applyPatch(asJson(before), patch as fastJsonPatch.Operation[], true).newDocument;
      expect(jsonEqual(asJson(applied), after)).toBe(true);
      expect(patch.length === 0).toBe(jsonEqual(before, after));
    }),
    { numRuns: 2000 },
  );
});

test.each<[string, JsonValue, JsonValue, object[]]>([
  ["an item put between others is one addition", ["a", "c"], ["a", "b", "c"], [{ op: "add", path: "/1", value: "b" }]],
  [
    "items taken from the middle go from the last one",
    [1, 2, 3, 4],
    [1, 4],
    [
      { op: "remove", path: "/2" },
      { op: "remove", path: "/1" },
    ],
  ],
  ["a field of an item is changed in its place", [{ n: "x", v: 1 }, 2], [{ n: "x", v: 3 }, 2], [{ op: "replace", path: "/0/v", value: 3 }]],
  ["keys are escaped", { m: {} }, { m: { "a/b~c": 1 } }, [{ op: "add", path: "/m/a~1b~0c", value: 1 }]],
  ["null is a value", { a: null }, { a: null, b: null }, [{ op: "add", path: "/b", value: null }]],
])("%s", (_, before, after, expected) => {
  expect(jsonDiff(before, after)).toEqual(expected);
});
