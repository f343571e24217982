import type { ApiObject } from "@dataplane/meta";
import { expect, expectTypeOf, test } from "vitest";
import { defineResource } from "../define-resource.js";
import { applyDefaults } from "./apply-defaults.js";
import { conditions, s } from "./builder.js";
import { wholeObjectSchema } from "./object-meta-schema.js";
import { type ObjectOf, objectSchema } from "./object-schema.js";
import { prune } from "./prune.js";
import { validateSchema } from "./validate-schema.js";

const service = s.object({ type: s.enum(["query", "route"]), path: s.string().pattern(/^\//).optional(), weight: s.integer().min(1).default(1) });
const schema = objectSchema({
  spec: s.object({
    group: s.string().min(1),
    services: s.array(service).listMap("type"),
    tags: s.array(s.string()).set().optional(),
    extra: s.anyObject().optional(),
    port: s.intOrString().optional(),
    labels: s.map(s.string()).optional(),
  }),
  status: s.object({ conditions }).optional(),
});
const definition = defineResource({ group: "example.org", version: "v1", kind: "Widget", plural: "widgets", scope: "cluster", schema });
type Widget = ObjectOf<typeof definition>;

const widget = (spec: object) => ({ apiVersion: "example.org/v1", kind: "Widget", metadata: { name: "w" }, spec }) as never;
const causesOf = (spec: object) => validateSchema(wholeObjectSchema(schema.json), widget(spec));

test("a definition takes the JSON of a typed schema", () => {
  expect(definition.schema).toBe(schema.json);
});

test("the type of an object follows its schema", () => {
  expectTypeOf<Widget>().toExtend<ApiObject>();
  expectTypeOf<Widget["spec"]["group"]>().toEqualTypeOf<string>();
  expectTypeOf<Widget["spec"]["services"][number]["type"]>().toEqualTypeOf<"query" | "route">();
  expectTypeOf<Widget["spec"]["tags"]>().toEqualTypeOf<readonly string[] | undefined>();
  expect(schema.json.properties?.["spec"]?.required).toEqual(["group", "services"]);
});

test("unknown fields are dropped and told by path, open objects are kept", () => {
  const value = widget({ group: "a", services: [{ type: "query", x: 1 }], extra: { any: [1] }, "odd key": 1 });
  const { value: kept, unknown } = prune(wholeObjectSchema(schema.json), value);
  expect(unknown).toEqual(["spec.services[0].x", "spec[odd key]"]);
  expect(kept).toEqual(widget({ group: "a", services: [{ type: "query" }], extra: { any: [1] } }));
});

test("unknown metadata is told too, and free keys such as labels are kept", () => {
  const value = { metadata: { name: "w", labels: { "a/b": "c" }, nope: 1 } };
  expect(prune(wholeObjectSchema(schema.json), value)).toEqual({
    value: { metadata: { name: "w", labels: { "a/b": "c" } } },
    unknown: ["metadata.nope"],
  });
});

test("a key named __proto__ reaches no prototype", () => {
  const value = JSON.parse('{"spec":{"labels":{"__proto__":"x"},"__proto__":{"polluted":1}}}') as never;
  const { value: kept, unknown } = prune(wholeObjectSchema(schema.json), value);
  expect(unknown).toEqual(["spec.__proto__"]);
  expect(JSON.stringify(kept)).toBe('{"spec":{"labels":{"__proto__":"x"}}}');
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});

test("a value nested too deep is the caller's fault", () => {
  const deep = JSON.parse(`${'{"a":'.repeat(500)}1${"}".repeat(500)}`) as never;
  expect(() => prune({ "x-kubernetes-preserve-unknown-fields": true }, deep)).toThrow("nested deeper than 200 levels");
});

test("defaults fill what is absent at every level that is there", () => {
  const value = widget({ group: "a", services: [{ type: "query" }, { type: "route", weight: 3 }] });
  const filled = applyDefaults(wholeObjectSchema(schema.json), value);
  expect(filled).toEqual(
    widget({
      group: "a",
      services: [
        { type: "query", weight: 1 },
        { type: "route", weight: 3 },
      ],
    }),
  );
  expect(applyDefaults(wholeObjectSchema(schema.json), filled)).toBe(filled);
});

test("faults have Kubernetes' reasons and words", () => {
  expect(causesOf({ services: [{ type: "poll", path: "x", weight: "1" }], port: 1.5 })).toEqual([
    { reason: "FieldValueRequired", message: "Required value", field: "spec.group" },
    { reason: "FieldValueNotSupported", message: 'Unsupported value: "poll": supported values: "query", "route"', field: "spec.services[0].type" },
    {
      reason: "FieldValueInvalid",
      message: "Invalid value: \"x\": spec.services[0].path in body should match '^\\/'",
      field: "spec.services[0].path",
    },
    {
      reason: "FieldValueTypeInvalid",
      message: 'Invalid value: "string": spec.services[0].weight in body must be of type integer: "string"',
      field: "spec.services[0].weight",
    },
    {
      reason: "FieldValueTypeInvalid",
      message: 'Invalid value: "number": spec.port in body must be of type integer,string: "number"',
      field: "spec.port",
    },
  ]);
});

test("items of set and map lists occur once", () => {
  expect(causesOf({ group: "a", services: [{ type: "query" }, { type: "query" }], tags: ["x", "x"] })).toEqual([
    { reason: "FieldValueDuplicate", message: 'Duplicate value: {"type":"query"}', field: "spec.services[1]" },
    { reason: "FieldValueDuplicate", message: 'Duplicate value: "x"', field: "spec.tags[1]" },
  ]);
});

test.each([
  ["date-time", "2026-01-02T03:04:05Z", true],
  ["date-time", "2026-01-02T03:04:05.123456+02:00", true],
  ["date-time", "2026-01-02T03:04:05", false],
  ["date-time", "2026-13-02T03:04:05Z", false],
  ["date", "2026-01-02", true],
  ["uuid", "not-a-uuid", false],
  ["made-up", "anything", true],
])("format %s of %s: %s", (format, value, fits) => {
  expect(validateSchema({ type: "string", format }, value)).toHaveLength(fits ? 0 : 1);
});

test("lengths count code points, patterns are searched for", () => {
  expect(validateSchema(s.string().max(1).json, "😀")).toEqual([]);
  expect(validateSchema(s.string().pattern(/^a+$/).json, "ab", "x")[0]?.message).toBe("Invalid value: \"ab\": x in body should match '^a+$'");
});
