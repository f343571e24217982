import type { JsonValue } from "@dataplane/meta";
import { expect, test } from "vitest";
import { applyDefaults } from "./apply-defaults.js";
import { prune } from "./prune.js";
import type { StructuralSchema } from "./structural-schema.js";

const text: StructuralSchema = { type: "string" };
const fields = (properties: Readonly<Record<string, StructuralSchema>>): StructuralSchema => ({ type: "object", properties });
const withDefault: StructuralSchema = { ...text, default: "d" };

const defaulted: readonly (readonly [string, StructuralSchema, JsonValue, JsonValue])[] = [
  ["an absent field", fields({ a: withDefault }), {}, { a: "d" }],
  ["a field that is there", fields({ a: withDefault }), { a: "x" }, { a: "x" }],
  ["a null that may not be", fields({ a: withDefault }), { a: null }, { a: "d" }],
  ["a null that may be", fields({ a: { ...withDefault, nullable: true } }), { a: null }, { a: null }],
  ["a null without a default", fields({ a: text, b: text }), { a: null, b: "x" }, { b: "x" }],
  ["a null without a default that may be", fields({ a: { ...text, nullable: true } }), { a: null }, { a: null }],
  ["a field of an object that is there", fields({ a: fields({ b: withDefault }) }), { a: {} }, { a: { b: "d" } }],
  ["no field of an object that is absent", fields({ a: fields({ b: withDefault }) }), {}, {}],
  ["a default that has fields with defaults", fields({ a: { ...fields({ b: withDefault }), default: {} } }), {}, { a: { b: "d" } }],
  ["items", { type: "array", items: fields({ b: withDefault }) }, [{}, { b: "x" }], [{ b: "d" }, { b: "x" }]],
  ["a null item with a default", { type: "array", items: withDefault }, [null, "x"], ["d", "x"]],
  ["a null item without one", { type: "array", items: text }, [null], [null]],
  ["values of a map", { type: "object", additionalProperties: fields({ b: withDefault }) }, { k: {} }, { k: { b: "d" } }],
  ["a null value of a map", { type: "object", additionalProperties: withDefault }, { k: null }, { k: "d" }],
  ["a null value of a map without a default", { type: "object", additionalProperties: text }, { k: null, l: "x" }, { l: "x" }],
  ["what is open", { type: "object", "x-kubernetes-preserve-unknown-fields": true }, { a: null, b: { c: null } }, { a: null, b: { c: null } }],
  ["known fields of what is open", { ...fields({ a: withDefault }), "x-kubernetes-preserve-unknown-fields": true }, { b: 1 }, { b: 1, a: "d" }],
  ["false and zero as defaults", fields({ a: { type: "boolean", default: false }, b: { type: "integer", default: 0 } }), {}, { a: false, b: 0 }],
];

test.each(defaulted)("defaults of %s", (_name, schema, value, expected) => {
  const before = JSON.stringify(value);
  expect(applyDefaults(schema, value)).toEqual(expected);
  expect(JSON.stringify(value)).toBe(before);
  expect(applyDefaults(schema, expected)).toBe(expected);
});

const open = { "x-kubernetes-preserve-unknown-fields": true } as const;
const embedded: StructuralSchema = { type: "object", "x-kubernetes-embedded-resource": true, properties: { spec: fields({ a: text }) } };

const pruned: readonly (readonly [string, StructuralSchema, JsonValue, JsonValue, readonly string[]])[] = [
  ["unknown fields", fields({ a: text }), { a: "x", b: 1 }, { a: "x" }, ["b"]],
  ["all of an object without fields", { type: "object" }, { a: 1 }, {}, ["a"]],
  ["nothing of what is open", { type: "object", ...open }, { a: { b: 1 } }, { a: { b: 1 } }, []],
  [
    "unknown fields below a known field of what is open",
    { ...fields({ a: fields({ b: text }) }), ...open },
    { a: { b: "x", c: 1 }, d: 1 },
    { a: { b: "x" }, d: 1 },
    ["a.c"],
  ],
  ["nothing below a field that is open", fields({ a: { type: "object", ...open } }), { a: { b: { c: 1 } }, d: 1 }, { a: { b: { c: 1 } } }, ["d"]],
  ["unknown fields of items", { type: "array", items: fields({ a: text }) }, [{ a: "x", b: 1 }], [{ a: "x" }], ["[0].b"]],
  [
    "unknown fields of values of a map",
    { type: "object", additionalProperties: fields({ a: text }) },
    { k: { a: "x", b: 1 } },
    { k: { a: "x" } },
    ["k.b"],
  ],
  [
    "unknown fields and metadata of an embedded resource",
    fields({ e: embedded }),
    { e: { apiVersion: "v1", kind: "Pod", metadata: { name: "p", nope: 1 }, spec: { a: "x", b: 1 }, other: 1 } },
    { e: { apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec: { a: "x" } } },
    ["e.metadata.nope", "e.spec.b", "e.other"],
  ],
  [
    "metadata of an embedded resource whatever its schema says of it",
    fields({ e: { ...embedded, properties: { metadata: fields({ name: text }) } } }),
    { e: { apiVersion: "v1", kind: "Pod", metadata: { name: "p", labels: { a: "b" } } } },
    { e: { apiVersion: "v1", kind: "Pod", metadata: { name: "p", labels: { a: "b" } } } },
    [],
  ],
];

test.each(pruned)("pruning drops %s", (_name, schema, value, expected, unknown) => {
  expect(prune(schema, value)).toEqual({ value: expected, unknown });
});

test("names of prototypes are fields like others", () => {
  const schema = fields({ a: withDefault });
  const value = JSON.parse('{"__proto__":{"polluted":1},"constructor":1,"hasOwnProperty":2}') as JsonValue;
  expect(prune(schema, value)).toEqual({ value: {}, unknown: ["__proto__", "constructor", "hasOwnProperty"] });
  const kept = prune({ type: "object", ...open }, value).value;
  expect(JSON.stringify(applyDefaults({ ...schema, ...open }, kept))).toBe('{"__proto__":{"polluted":1},"constructor":1,"hasOwnProperty":2,"a":"d"}');
  expect("polluted" in {}).toBe(false);
});
