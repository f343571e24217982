import type { JsonObject, JsonValue } from "@dataplane/meta";
import type { StructuralSchema } from "../structural-schema.js";
import type { SchemaCase } from "./rule-cases.js";

const text: StructuralSchema = { type: "string" };
const whole: StructuralSchema = { type: "integer" };

/** A schema of `spec.a`, and values of it. */
const table: readonly (readonly [StructuralSchema, readonly JsonValue[]])[] = [
  [text, ["x", 1, 1.5, true, null, [], {}]],
  [whole, [1, "1", 1.5, true, null, -1, 9007199254740991]],
  [{ type: "number" }, [1, 1.5, "1", false, null]],
  [{ type: "boolean" }, [true, "true", 1, null]],
  [{ type: "array", items: text }, [["x"], [1], ["x", 1, 2], "x", {}, null]],
  [{ type: "object", properties: { b: text } }, [{}, { b: "x" }, { b: 1 }, [], "x", null]],
  [{ type: "object", additionalProperties: whole }, [{ k: 1 }, { k: "x" }, { "a.b/c": "x", "d e": "y" }]],
  [{ "x-kubernetes-int-or-string": true }, [1, "x", 1.5, true, null, {}]],
  [{ "x-kubernetes-int-or-string": true, pattern: "^[0-9]+%$" }, [1, "5%", "x"]],
  [{ ...text, nullable: true }, ["x", null, 1]],
  [{ type: "object", nullable: true, required: ["b"], properties: { b: text } }, [null, {}]],
  [{ ...text, enum: ["a", "b"] }, ["a", "c", ""]],
  [{ ...whole, enum: [1, 2] }, [1, 3]],
  [{ ...text, minLength: 2, maxLength: 3 }, ["a", "ab", "abcd", "é😀", "😀😀😀😀"]],
  [{ ...text, pattern: "^a+$" }, ["aa", "b", ""]],
  [{ ...text, pattern: "b" }, ["abc", "a"]],
  [{ ...text, pattern: String.raw`^\p{L}+(?i:x)[[:digit:]]$` }, ["éX1", "1x1"]],
  [{ ...whole, minimum: 1, maximum: 3 }, [0, 1, 3, 4]],
  [{ ...whole, minimum: 1, maximum: 3, exclusiveMinimum: true, exclusiveMaximum: true }, [1, 2, 3]],
  [{ type: "number", minimum: 0.5, maximum: 1.5 }, [0.25, 1, 2]],
  [{ ...whole, multipleOf: 3 }, [3, 4]],
  [{ type: "number", multipleOf: 0.1 }, [0.3, 0.35]],
  [{ type: "array", items: text, minItems: 1, maxItems: 2 }, [[], ["a"], ["a", "b", "c"]]],
  [{ type: "object", additionalProperties: text, minProperties: 1, maxProperties: 2 }, [{}, { a: "1" }, { a: "1", b: "2", c: "3" }]],
  [{ type: "object", required: ["b", "c"], properties: { b: text, c: text } }, [{}, { b: "x" }, { b: "x", c: null }]],
  [{ type: "array", items: { type: "object", required: ["b"], properties: { b: whole } } }, [[{}, { b: "x" }, { b: 1 }]]],
  [{ type: "object", properties: { "a-b": whole, "a.b": whole, "a b": whole } }, [{ "a-b": "x", "a.b": "x", "a b": "x" }]],
  [{ ...whole, format: "int32" }, [2147483647, 2147483648, -2147483649]],
  [{ ...whole, format: "int64" }, [2147483648]],
  [{ type: "object", properties: { b: text, c: text }, anyOf: [{ required: ["b"] }, { required: ["c"] }] }, [{}, { b: "x" }, { b: "x", c: "y" }]],
  [{ type: "object", properties: { b: text, c: text }, oneOf: [{ required: ["b"] }, { required: ["c"] }] }, [{}, { b: "x" }, { b: "x", c: "y" }]],
  [{ type: "object", properties: { b: text, c: text }, allOf: [{ required: ["b"] }, { required: ["c"] }] }, [{}, { b: "x" }, { b: "x", c: "y" }]],
  [{ type: "object", properties: { b: text }, not: { required: ["b"] } }, [{}, { b: "x" }]],
  [{ ...whole, anyOf: [{ minimum: 10 }, { maximum: 1 }] }, [0, 5, 11]],
  [{ ...text, allOf: [{ minLength: 2 }, { pattern: "^a" }] }, ["ab", "b", "a", "bb"]],
  [{ "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }] }, [1, "x", true]],
  [{ type: "array", items: { ...whole, not: { enum: [2] } } }, [[1, 2, 3]]],
];

const formats: Readonly<Record<string, readonly string[]>> = {
  date: ["2026-01-02", "2026-13-01", "2026-02-30", "x"],
  "date-time": ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123+02:00", "2026-01-02 03:04:05Z", "2026-01-02T03:04:05", "x"],
  datetime: ["2026-01-02T03:04:05Z", "x"],
  duration: ["1h", "1.5s", "3 days", "x", "-5m", "1 fortnight"],
  byte: ["aGk=", "aGk", "!!!!"],
  uuid: ["123e4567-e89b-12d3-a456-426614174000", "123E4567E89B12D3A456426614174000", "123e4567"],
  uuid3: ["123e4567-e89b-32d3-a456-426614174000", "123e4567-e89b-42d3-a456-426614174000"],
  uuid4: ["123e4567-e89b-42d3-a456-426614174000", "123e4567-e89b-42d3-c456-426614174000"],
  uuid5: ["123e4567-e89b-52d3-a456-426614174000", "123e4567-e89b-42d3-a456-426614174000"],
  ipv4: ["1.2.3.4", "1.2.3", "::1", "1.2.3.256"],
  ipv6: ["::1", "2001:db8::1", "1.2.3.4", ":::"],
  cidr: ["10.0.0.0/8", "::/0", "10.0.0.0", "10.0.0.0/33"],
  email: ["a@b.org", "Name <a@b.org>", "a", "@b"],
  hostname: ["example.org", "localhost", "a_b", "-a.org", "a..b"],
  uri: ["https://example.org/x?y=z", "/path", "relative", ""],
  mac: ["01:23:45:67:89:ab", "01-23-45-67-89-ab", "0123.4567.89ab", "01:23"],
  bsonobjectid: ["507f1f77bcf86cd799439011", "x"],
  isbn: ["0321751043", "978-0321751041", "0321751044"],
  isbn10: ["0321751043", "978-0321751041"],
  isbn13: ["978-0321751041", "0321751043"],
  creditcard: ["4111 1111 1111 1111", "4111111111111112"],
  ssn: ["123-45-6789", "123456789", "12-345"],
  hexcolor: ["#fff", "ffffff", "#ff"],
  rgbcolor: ["rgb(255,0,1)", "rgb(256,0,0)", "rgb(1,2)"],
  password: ["anything"],
  "k8s-short-name": ["my-name", "My", "a.b", "-a"],
  "k8s-long-name": ["my-name.example", "a..b", "A"],
  "made-up": ["anything"],
};

const root = (a: StructuralSchema): StructuralSchema => ({ type: "object", properties: { spec: { type: "object", properties: { a } } } });
const object = (a: JsonValue): JsonObject => ({ apiVersion: "example.org/v1", kind: "Widget", metadata: { name: "w" }, spec: { a } });
const caseOf = (schema: StructuralSchema, value: JsonValue): SchemaCase => ({
  name: `keyword ${JSON.stringify(schema)} of ${JSON.stringify(value)}`,
  schema: root(schema),
  object: object(value),
});

const updates: readonly (readonly [string, StructuralSchema, JsonValue, JsonValue])[] = [
  ["unchanged text", { ...text, maxLength: 1 }, "long", "long"],
  ["changed text", { ...text, maxLength: 1 }, "longer", "long"],
  [
    "unchanged field beside a changed one",
    { type: "object", properties: { b: { ...text, enum: ["x"] }, c: text } },
    { b: "y", c: "2" },
    { b: "y", c: "1" },
  ],
  ["new field", { type: "object", properties: { b: { ...text, enum: ["x"] } } }, { b: "y" }, {}],
  ["still missing", { type: "object", required: ["b"], properties: { b: text, c: text } }, { c: "2" }, { c: "1" }],
  ["still missing, nothing changed", { type: "object", required: ["b"], properties: { b: text, c: text } }, { c: "1" }, { c: "1" }],
  ["unchanged list", { type: "array", items: { ...text, maxLength: 1 } }, ["long"], ["long"]],
  ["grown list", { type: "array", items: { ...text, maxLength: 1 } }, ["long", "a"], ["long"]],
  ["unchanged value of a map", { type: "object", additionalProperties: { ...text, maxLength: 1 } }, { k: "long", l: "b" }, { k: "long" }],
  [
    "unchanged item of a map list",
    {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
      items: { type: "object", required: ["name"], properties: { name: text, n: { ...whole, maximum: 1 } } },
    },
    [
      { name: "b", n: 5 },
      { name: "a", n: 5 },
      { name: "c", n: 5 },
    ],
    [
      { name: "a", n: 5 },
      { name: "b", n: 4 },
    ],
  ],
  ["anyOf of an unchanged value", { ...whole, anyOf: [{ minimum: 10 }, { maximum: 1 }] }, 5, 5],
  ["anyOf of a changed value", { ...whole, anyOf: [{ minimum: 10 }, { maximum: 1 }] }, 5, 6],
];

/** Each keyword and format with values that fit and that do not. */
export const keywordCases: readonly SchemaCase[] = [
  ...table.flatMap(([schema, values]) => values.map((value) => caseOf(schema, value))),
  ...Object.entries(formats).flatMap(([format, values]) => values.map((value) => caseOf({ type: "string", format }, value))),
  ...updates.map(([name, schema, now, before]) => ({ name: `ratcheting, ${name}`, schema: root(schema), object: object(now), old: object(before) })),
];
