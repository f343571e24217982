import type { JsonObject } from "@dataplane/meta";
import type { StructuralSchema, ValidationRule } from "../structural-schema.js";
import type { SchemaCase } from "./rule-cases.js";

const text: StructuralSchema = { type: "string", maxLength: 64 };
const ruled = (schema: StructuralSchema, ...rules: readonly (string | ValidationRule)[]): StructuralSchema => ({
  ...schema,
  "x-kubernetes-validations": rules.map((rule) => (typeof rule === "string" ? { rule } : rule)),
});
const root = (spec: StructuralSchema, more: Partial<StructuralSchema> = {}): StructuralSchema => ({ type: "object", properties: { spec }, ...more });
const object = (spec: JsonObject[string]): JsonObject => ({
  apiVersion: "example.org/v1",
  kind: "Widget",
  metadata: { name: "w", labels: { a: "b" } },
  spec,
});
const fields = (properties: Readonly<Record<string, StructuralSchema>>): StructuralSchema => ({ type: "object", properties });

const listOf = (items: StructuralSchema, more: Partial<StructuralSchema> = {}): StructuralSchema => ({ type: "array", maxItems: 10, items, ...more });
const mapOf = (values: StructuralSchema, more: Partial<StructuralSchema> = {}): StructuralSchema => ({
  type: "object",
  maxProperties: 10,
  additionalProperties: values,
  ...more,
});
const mapList = { "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] } as const;
const named = (more: Readonly<Record<string, StructuralSchema>> = {}): StructuralSchema => ({
  type: "object",
  required: ["name"],
  properties: { name: text, ...more },
});

/** Rules at each place of a schema: what they see, and where their causes point. */
export const levelCases: readonly SchemaCase[] = [
  { name: "root", schema: { ...root(fields({})), "x-kubernetes-validations": [{ rule: "self.metadata.name == 'x'" }] }, object: object({}) },
  {
    name: "root, message",
    schema: { ...root(fields({ a: text })), "x-kubernetes-validations": [{ rule: "self.spec.a == 'x'", message: "m", fieldPath: ".spec.a" }] },
    object: object({ a: "b" }),
  },
  {
    name: "root, labels",
    schema: { ...root(fields({})), "x-kubernetes-validations": [{ rule: "self.metadata.labels.a == 'x'" }] },
    object: object({}),
  },
  {
    name: "root, kind",
    schema: { ...root(fields({})), "x-kubernetes-validations": [{ rule: "self.kind == 'Widget' && self.apiVersion == 'example.org/v1'" }] },
    object: object({}),
  },
  { name: "a text", schema: root(fields({ a: ruled(text, "self == 'x'", "size(self) > 3") })), object: object({ a: "b" }) },
  { name: "a number", schema: root(fields({ a: ruled({ type: "integer" }, "self > 3") })), object: object({ a: 1 }) },
  { name: "a double", schema: root(fields({ a: ruled({ type: "number" }, "self > 3.5") })), object: object({ a: 3 }) },
  { name: "a bool", schema: root(fields({ a: ruled({ type: "boolean" }, "self") })), object: object({ a: false }) },
  { name: "int or string", schema: root(fields({ a: ruled({ "x-kubernetes-int-or-string": true }, "self == 'x'") })), object: object({ a: 1 }) },
  { name: "null is not asked", schema: root(fields({ a: ruled({ ...text, nullable: true }, "self == 'x'") })), object: object({ a: null }) },
  { name: "items", schema: root(fields({ a: listOf(ruled(text, "self == 'x'")) })), object: object({ a: ["x", "y", "z"] }) },
  { name: "a list", schema: root(fields({ a: ruled(listOf(text), "size(self) < 2") })), object: object({ a: ["x", "y", "z"] }) },
  { name: "values of a map", schema: root(fields({ a: mapOf(ruled(text, "self == 'x'")) })), object: object({ a: { k: "y", "a.b": "z" } }) },
  {
    name: "a map",
    schema: root(fields({ a: ruled(mapOf(text), "size(self) < 1", { rule: "false", fieldPath: ".key" }) })),
    object: object({ a: { k: "y" } }),
  },
  {
    name: "an odd name",
    schema: root(fields({ "a-b": ruled(text, "self == 'x'"), "a.b": ruled(text, "self == 'x'"), "a b": ruled(text, "self == 'x'") })),
    object: object({ "a-b": "1", "a.b": "2", "a b": "3" }),
  },
  {
    name: "deep",
    schema: root(fields({ a: listOf(fields({ b: mapOf(fields({ c: ruled(text, "self == 'x'") })) })) })),
    object: object({ a: [{ b: { k: { c: "y" } } }] }),
  },
  {
    name: "an embedded resource",
    schema: root(
      fields({
        a: ruled(
          { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
          "self.kind == 'Pod'",
          "self.metadata.name == 'n'",
          "self.metadata.labels.x == 'y'",
        ),
      }),
    ),
    object: object({ a: { apiVersion: "v1", kind: "Service", metadata: { name: "m" } } }),
  },
  {
    name: "allOf",
    schema: root({ ...fields({ a: text }), allOf: [{ "x-kubernetes-validations": [{ rule: "self.a == 'x'" }] }] }),
    object: object({ a: "y" }),
  },
  {
    name: "allOf, deeper",
    schema: root({ ...fields({ a: text }), allOf: [{ properties: { a: { "x-kubernetes-validations": [{ rule: "self == 'x'" }] } } }] }),
    object: object({ a: "y" }),
  },
  {
    name: "transition of an item of a map list",
    schema: root(fields({ a: listOf(ruled(named({ n: { type: "integer" } }), "self.n >= oldSelf.n"), mapList) })),
    object: object({
      a: [
        { name: "x", n: 1 },
        { name: "y", n: 1 },
      ],
    }),
    old: object({
      a: [
        { name: "y", n: 2 },
        { name: "z", n: 9 },
      ],
    }),
  },
  {
    name: "transition of an item of a plain list",
    schema: root(fields({ a: listOf(ruled(named({ n: { type: "integer" } }), "self.n >= oldSelf.n")) })),
    object: object({ a: [{ name: "x", n: 1 }] }),
    old: object({ a: [{ name: "x", n: 2 }] }),
  },
  {
    name: "transition of an item of a set",
    schema: root(fields({ a: listOf(ruled(text, "self == oldSelf"), { "x-kubernetes-list-type": "set" }) })),
    object: object({ a: ["x"] }),
    old: object({ a: ["y"] }),
  },
  {
    name: "transition of a value of a map",
    schema: root(fields({ a: mapOf(ruled({ type: "integer" }, "self >= oldSelf")) })),
    object: object({ a: { k: 1, l: 1 } }),
    old: object({ a: { k: 2 } }),
  },
  {
    name: "transition of a field",
    schema: root(fields({ a: ruled(text, { rule: "self == oldSelf", message: "immutable" }) })),
    object: object({ a: "x" }),
    old: object({ a: "y" }),
  },
  { name: "transition of a new field", schema: root(fields({ a: ruled(text, "self == oldSelf") })), object: object({ a: "x" }), old: object({}) },
  {
    name: "ratcheting of an unchanged text",
    schema: root(fields({ a: ruled(text, "self == 'x'"), b: text })),
    object: object({ a: "y", b: "2" }),
    old: object({ a: "y", b: "1" }),
  },
  {
    name: "ratcheting of a changed text",
    schema: root(fields({ a: ruled(text, "self == 'x'"), b: text })),
    object: object({ a: "z", b: "2" }),
    old: object({ a: "y", b: "1" }),
  },
  {
    name: "ratcheting of an unchanged item of a map list",
    schema: root(fields({ a: listOf(ruled(named({ n: { type: "integer" } }), "self.n > 5"), mapList) })),
    object: object({
      a: [
        { name: "b", n: 2 },
        { name: "x", n: 1 },
        { name: "new", n: 1 },
      ],
    }),
    old: object({
      a: [
        { name: "x", n: 1 },
        { name: "b", n: 1 },
      ],
    }),
  },
  {
    name: "ratcheting of an unchanged plain list",
    schema: root(fields({ a: listOf(ruled(text, "self == 'x'")), b: text })),
    object: object({ a: ["y"], b: "2" }),
    old: object({ a: ["y"], b: "1" }),
  },
  {
    name: "ratcheting of a changed plain list",
    schema: root(fields({ a: listOf(ruled(text, "self == 'x'")) })),
    object: object({ a: ["y", "z"] }),
    old: object({ a: ["y"] }),
  },
  {
    name: "no ratcheting of transitions",
    schema: root(fields({ a: ruled(text, "self == 'x' && oldSelf == 'y'") })),
    object: object({ a: "y" }),
    old: object({ a: "y" }),
  },
  {
    name: "an estimate without limits",
    schema: root(fields({ a: ruled({ type: "array", items: { type: "string" } }, "self.all(x, self.all(y, x == y))") })),
  },
  {
    name: "an estimate in a list without a limit",
    schema: root(fields({ a: { type: "array", items: ruled({ type: "string" }, "self.contains('x')") } })),
  },
  {
    name: "an estimate with limits",
    schema: root(fields({ a: ruled(listOf({ type: "string", maxLength: 10 }), "self.all(x, self.all(y, x == y))") })),
  },
  {
    name: "an estimate of a message",
    schema: root(
      fields({
        a: ruled({ type: "array", items: { type: "string" } }, { rule: "true", messageExpression: "self.all(x, self.all(y, x == y)) ? 'a' : 'b'" }),
      }),
    ),
  },
];
