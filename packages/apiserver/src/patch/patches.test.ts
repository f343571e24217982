import type { JsonObject, JsonValue } from "@dataplane/meta";
import fc from "fast-check";
import fastJsonPatch from "fast-json-patch";
import { expect, test } from "vitest";
import { s } from "../schema/builder.js";
import { objectSchema } from "../schema/object-schema.js";
import { decodeFields } from "./field-set.js";
import { applyJsonPatch } from "./json-patch.js";
import { applyMergePatch } from "./merge-patch.js";
import { applyStrategicMergePatch } from "./strategic-merge-patch.js";

const keys = fc.constantFrom("a", "b", "c", "x/y", "m~n");
const { json: documents } = fc.letrec<{ json: JsonValue }>((tie) => ({
  json: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom<JsonValue>(null, 1, "t", true),
    fc.array(tie("json"), { maxLength: 3 }),
    fc.dictionary(keys, tie("json"), { maxKeys: 3, noNullPrototype: true }),
  ),
}));

test("a patch that another library made turns the one document into the other", () => {
  fc.assert(
    fc.property(fc.dictionary(keys, documents), fc.dictionary(keys, documents), (before, after) => {
      const [from, to] = [structuredClone(before), structuredClone(after)] as [JsonObject, JsonObject];
      const operations = fastJsonPatch.compare(from, to) as unknown as JsonValue;
      expect(applyJsonPatch(from, operations)).toEqual(to);
      expect(from).toEqual(before);
    }),
    { numRuns: 500 },
  );
});

test.each([
  [{ op: "add", path: "/a/-", value: 3 }, { a: [1, 2, 3] }],
  [{ op: "add", path: "/a/0", value: 0 }, { a: [0, 1, 2] }],
  [{ op: "move", from: "/a/0", path: "/a/1" }, { a: [2, 1] }],
  [
    { op: "copy", from: "/a", path: "/b" },
    { a: [1, 2], b: [1, 2] },
  ],
  [{ op: "replace", path: "", value: 1 }, 1],
  [{ op: "test", path: "/a", value: [1, 2] }, { a: [1, 2] }],
])("json patch %j", (operation, expected) => {
  expect(applyJsonPatch({ a: [1, 2] }, [operation])).toEqual(expected);
});

test.each([
  [{ op: "test", path: "/a", value: 2 }, 422],
  [{ op: "remove", path: "/b" }, 422],
  [{ op: "replace", path: "/b", value: 1 }, 422],
  [{ op: "add", path: "/b/c", value: 1 }, 422],
  [{ op: "add", path: "/__proto__/c", value: 1 }, 422],
  [{ op: "add", path: "b", value: 1 }, 400],
  [{ op: "add", path: "/b" }, 400],
  [{ op: "frob", path: "/b" }, 400],
  ["add", 400],
])("json patch %j is refused with %i", (operation, code) => {
  expect(() => applyJsonPatch({ a: 1 }, [operation])).toThrow(expect.objectContaining({ code }) as Error);
});

test("a json patch of more than 10,000 operations is refused", () => {
  const operations = Array.from({ length: 10_001 }, () => ({ op: "add", path: "/a", value: 1 }));
  expect(() => applyJsonPatch({}, operations)).toThrow("The allowed maximum operations in a JSON patch is 10000, got 10001");
});

// The examples of RFC 7386, appendix A.
test.each<[JsonValue, JsonValue, JsonValue]>([
  [{ a: "b" }, { a: "c" }, { a: "c" }],
  [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
  [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
  [{ a: ["b"] }, { a: "c" }, { a: "c" }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
  [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  [{ a: "foo" }, "bar", "bar"],
])("merge patch of %j with %j", (document, patch, expected) => {
  expect(applyMergePatch(document, patch)).toEqual(expected);
});

const { json: schema } = objectSchema({
  spec: s.object({
    ports: s.array(s.object({ port: s.integer(), name: s.string() })).listMap("port"),
    tags: s.array(s.string()).set(),
    steps: s.array(s.string()),
  }),
});
const object = {
  spec: {
    ports: [
      { port: 1, name: "a" },
      { port: 2, name: "b" },
    ],
    tags: ["x", "y"],
    steps: ["s"],
  },
};

test.each<[string, JsonObject, JsonObject]>([
  [
    "merges items by key",
    { ports: [{ port: 2, name: "c" }, { port: 3 }] },
    { ...object.spec, ports: [{ port: 1, name: "a" }, { port: 2, name: "c" }, { port: 3 }] },
  ],
  ["deletes an item", { ports: [{ port: 1, $patch: "delete" }] }, { ...object.spec, ports: [{ port: 2, name: "b" }] }],
  ["replaces a list", { ports: [{ port: 9 }, { $patch: "replace" }] }, { ...object.spec, ports: [{ port: 9 }] }],
  ["deletes from a primitive list", { "$deleteFromPrimitiveList/tags": ["x"] }, { ...object.spec, tags: ["y"] }],
  ["adds to a primitive list", { tags: ["y", "z"] }, { ...object.spec, tags: ["x", "y", "z"] }],
  ["replaces an atomic list", { steps: ["t"] }, { ...object.spec, steps: ["t"] }],
  [
    "orders",
    { "$setElementOrder/ports": [{ port: 2 }, { port: 1 }] },
    {
      ...object.spec,
      ports: [
        { port: 2, name: "b" },
        { port: 1, name: "a" },
      ],
    },
  ],
  ["retains keys", { $retainKeys: ["steps"] }, { steps: ["s"] }],
  ["replaces a map", { $patch: "replace", steps: [] }, { steps: [] }],
  ["removes by null", { tags: null }, { ports: object.spec.ports, steps: ["s"] }],
])("strategic merge patch %s", (_name, patch, expected) => {
  expect(applyStrategicMergePatch(object, { spec: patch }, schema)).toEqual({ spec: expected });
});

test("an item without its merge key is the caller's fault", () => {
  expect(() => applyStrategicMergePatch(object, { spec: { ports: [{ name: "x" }] } }, schema)).toThrow("does not contain declared merge key: port");
});

test("no patch nests a value without bound", () => {
  const deep = JSON.parse(`${"[".repeat(100_000)}1${"]".repeat(100_000)}`) as JsonValue;
  expect(() => applyJsonPatch({}, [{ op: "add", path: "/a", value: deep }])).toThrow("nested deeper than 200 levels");
  const copies = Array.from({ length: 12 }, () => ({ op: "copy", from: "/a", path: `/a${"/b".repeat(20)}` }));
  expect(() => applyJsonPatch({ a: { b: 1 } }, [{ op: "copy", from: "", path: "/c" }, ...copies])).toThrow(
    expect.objectContaining({ name: "ApiError" }) as Error,
  );
  const nested = JSON.parse(`${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`) as JsonValue;
  expect(() => applyMergePatch({}, nested)).toThrow("nested deeper than 200 levels");
});

test("managedFields that a client broke are no managedFields", () => {
  expect(decodeFields({ [`v:${"[".repeat(50_000)}${"]".repeat(50_000)}`]: {} })).toBeUndefined();
  expect(decodeFields({ "x:y": {} })).toBeUndefined();
  expect(decodeFields({ 'k:{"b":1,"a":2}': {} })?.children.keys().next().value).toBe('k:{"a":2,"b":1}');
});
