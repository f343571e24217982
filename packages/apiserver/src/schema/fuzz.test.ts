import { ApiError, type JsonObject, type JsonValue } from "@dataplane/meta";
import { expect, test } from "vitest";
import { applyDefaults } from "./apply-defaults.js";
import { checkRules } from "./cel/rules/check-rules.js";
import { evaluateRules } from "./cel/rules/evaluate-rules.js";
import { prune } from "./prune.js";
import type { StructuralSchema } from "./structural-schema.js";
import { ruleCases } from "./testing/rule-cases.js";
import { validateObject } from "./validate-object.js";

/** Numbers that look like chance and are the same in each run. */
function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

type Random = (below: number) => number;

function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[random(items.length)];
  if (item === undefined) throw new Error("nothing to pick from");
  return item;
}

const keys = ["a", "b", "__proto__", "constructor", "toString", "a.b", "", "é"];

function randomValue(random: Random, depth: number): JsonValue {
  const scalars: readonly JsonValue[] = [null, true, 0, -1, 1.5, 1e300, "", "x", "2026-01-02", "1h", "__proto__", "😀"];
  if (depth === 0 || random(3) === 0) return pick(random, scalars);
  if (random(2) === 0) return Array.from({ length: random(4) }, () => randomValue(random, depth - 1));
  return Object.fromEntries(Array.from({ length: random(4) }, () => [pick(random, keys), randomValue(random, depth - 1)]));
}

const rules = [
  "self == oldSelf",
  "self.a == self.b",
  "self.all(x, x == self)",
  "has(self.a)",
  "size(self) > 1",
  "self.matches('(a+)+$')",
  "self",
  "self.a / 0 > self.b",
  "string(self) == ''",
];

function randomSchema(random: Random, depth: number): StructuralSchema {
  const types = ["object", "array", "string", "integer", "number", "boolean"] as const;
  const base: Record<string, unknown> = { type: pick(random, types) };
  const add = (name: string, value: () => unknown): void => {
    if (random(6) === 0) base[name] = value();
  };
  add("nullable", () => true);
  add("default", () => randomValue(random, 2));
  add("enum", () => [randomValue(random, 1)]);
  add("pattern", () => pick(random, ["^a", "(a+)+$", "(", "[", String.raw`\d`, "(?=a)"]));
  add("format", () => pick(random, ["date", "byte", "duration", "date-time", "int32", "email", "nope"]));
  for (const bound of ["minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum", "multipleOf", "minProperties", "maxProperties"])
    add(bound, () => random(5) - 1);
  add("uniqueItems", () => true);
  add("required", () => [pick(random, keys)]);
  add("x-kubernetes-list-type", () => pick(random, ["set", "map", "atomic"]));
  add("x-kubernetes-list-map-keys", () => [pick(random, keys)]);
  add("x-kubernetes-preserve-unknown-fields", () => true);
  add("x-kubernetes-int-or-string", () => true);
  add("x-kubernetes-embedded-resource", () => true);
  add("x-kubernetes-validations", () => [{ rule: pick(random, rules), messageExpression: pick(random, ["", "self", "string(self)", "'a'"]) }]);
  if (depth > 0) {
    for (const name of ["items", "not", "additionalProperties"]) add(name, () => randomSchema(random, depth - 1));
    for (const name of ["allOf", "anyOf", "oneOf"]) add(name, () => [randomSchema(random, depth - 1), randomSchema(random, depth - 1)]);
    base["properties"] = Object.fromEntries(Array.from({ length: random(4) }, () => [pick(random, keys), randomSchema(random, depth - 1)]));
  }
  return base;
}

const isObject = (value: JsonValue): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);

test("whatever the schema and the value, there are causes and no faults", () => {
  const random = seeded(5);
  for (let round = 0; round < 3000; round++) {
    const schema: StructuralSchema = { ...randomSchema(random, 3), type: "object" };
    const [value, old] = [randomValue(random, 5), randomValue(random, 5)];
    const kept = applyDefaults(schema, prune(schema, value).value);
    checkRules(schema);
    if (isObject(kept)) validateObject(schema, kept, isObject(old) && random(2) === 0 ? old : undefined);
  }
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect("polluted" in {}).toBe(false);
});

const tokens = [
  "self",
  "oldSelf",
  ".a",
  ".?a",
  "[0]",
  "[?0]",
  "(",
  ")",
  "[",
  "]",
  "{",
  "}",
  "'x'",
  "1",
  "1u",
  "1.5",
  "+",
  "-",
  "*",
  "/",
  "==",
  "&&",
  "||",
  "!",
  "?",
  ":",
  ",",
  ".all(x, x)",
  ".map(x, x)",
  "has(",
  "size(",
  "b'a'",
  "null",
  "in",
  "'",
  '"""',
  "\\",
  "//",
  "cel",
  "type(",
  ".optMap(x, x)",
  ".matches('",
  "dyn(",
  "😀",
];

test("whatever the text of a rule, it is refused or it runs", () => {
  const random = seeded(7);
  const schema = (rule: string): StructuralSchema => ({
    type: "object",
    properties: { a: { type: "array", items: { type: "string" } }, b: { type: "integer" } },
    "x-kubernetes-validations": [{ rule }],
  });
  for (let round = 0; round < 5000; round++) {
    const text = Array.from({ length: 1 + random(12) }, () => pick(random, tokens)).join("");
    const rule = schema(text);
    expect(Array.isArray(checkRules(rule))).toBe(true);
    evaluateRules(rule, { a: ["x"], b: 1 }, random(2) === 0 ? { a: [], b: 2 } : undefined);
  }
});

test("a rule with any one character changed is refused or it runs", () => {
  const random = seeded(11);
  for (const { schema, object } of ruleCases) {
    const spec = schema.properties?.["spec"];
    const text = spec?.["x-kubernetes-validations"]?.[0]?.rule ?? "";
    const at = random(text.length + 1);
    const rule = text.slice(0, at) + pick(random, ["(", ")", ".", "'", "0", "x", " ", "", "+", "[", "\u0000"]) + text.slice(at + random(2));
    const changed: StructuralSchema = { ...schema, properties: { spec: { ...spec, "x-kubernetes-validations": [{ rule }] } } };
    expect(Array.isArray(checkRules(changed))).toBe(true);
    if (object !== undefined) evaluateRules(changed, object, object);
  }
});

const repeated = (part: string, joint: string, times: number): string => Array.from({ length: times }, () => part).join(joint);

const evil: readonly string[] = [
  repeated("self.a == []", " && ", 6000),
  repeated("1 < 2", " && ", 9000),
  `[${repeated("[]", ",", 30_000)}].size() > 0`,
  `{${Array.from({ length: 8000 }, (_, index) => `${index}: [{}]`).join(",")}}.size() > 0`,
  repeated("optional.none()", " == ", 240),
  repeated("foo(bar)", " || ", 9000),
  "self.a.all(x, self.a.all(y, self.a.all(z, self.a.all(w, x + y + z + w != '!'))))",
  "self.a.map(x, self.a.map(y, self.a.map(z, x + y + z))).size() > 0",
  "self.a.all(x, x.matches('(a+)+(b+)+(c|d|e|f)*$'))",
  "self.a.all(x, self.a.join(x).size() > 0)",
  "lists.range(99999).all(x, lists.range(99999).all(y, x + y >= 0))",
  "self.a.map(x, self.a).flatten().map(x, self.a).flatten().map(x, self.a).flatten().distinct().size() > 0",
  "self.a.all(x, x.replace('', x).replace('', x).replace('', x).replace('', x).size() > 0)",
  "'%s'.format([self.a.map(x, self.a.map(y, self.a))]).size() > 0",
  `${"(".repeat(240)}true${")".repeat(240)}`,
  `${"!".repeat(5001)}true`,
  `${"-".repeat(5001)}1 == 1`,
  Array.from({ length: 3000 }, () => "true").join(" && "),
  Array.from({ length: 3000 }, () => "1").join(" + "),
  `self${".?x".repeat(300)}.hasValue()`,
  `optional.of(1)${".optMap(x, x + 1)".repeat(60)}.hasValue()`,
  `[${"[".repeat(200)}${"]".repeat(200)}].size() > 0`,
  `'${"a".repeat(90_000)}'.matches('${"(a|b)*".repeat(50)}')`,
  "self.a.sortBy(x, x).sortBy(x, x).isSorted() && self.a.all(x, self.a.indexOf(x) >= 0)",
];

test.each(evil.map((rule) => [rule.slice(0, 80), rule]))("an evil rule ends in time: %s", (_name, rule) => {
  const schema: StructuralSchema = {
    type: "object",
    properties: { a: { type: "array", items: { type: "string" } } },
    "x-kubernetes-validations": [{ rule, messageExpression: "self.a.join(',') + self.a.join(',')" }],
  };
  const object = { a: Array.from({ length: 2000 }, (_, index) => `${"a".repeat(400)}${index}`) };
  const before = process.cpuUsage();
  checkRules(schema);
  evaluateRules(schema, object, undefined);
  // Of the processor: without its bounds each takes minutes or more.
  expect(process.cpuUsage(before).user / 1_000).toBeLessThan(5_000);
});

test("a value that is too deep is the client's fault", () => {
  const deep = JSON.parse(`${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`) as JsonValue;
  expect(() => prune({ type: "object", "x-kubernetes-preserve-unknown-fields": true }, deep)).toThrow(ApiError);
});
