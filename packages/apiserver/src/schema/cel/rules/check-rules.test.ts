import { expect, test } from "vitest";
import type { StructuralSchema } from "../../structural-schema.js";
import { checkRules } from "./check-rules.js";

const withRule = (rule: string, spec: StructuralSchema, more: object = {}): StructuralSchema => ({
  type: "object",
  properties: { spec: { ...spec, "x-kubernetes-validations": [{ rule, ...more }] } },
});
const object = (properties: Record<string, StructuralSchema>): StructuralSchema => ({ type: "object", properties });
const problemsOf = (rule: string, spec: StructuralSchema, more: object = {}) => checkRules(withRule(rule, spec, more));

const texts: StructuralSchema = { type: "array", items: { type: "string" } };

test("a rule that fits its schema has no problem", () => {
  expect(problemsOf("self.min <= self.max", object({ min: { type: "integer" }, max: { type: "integer" } }))).toEqual([]);
});

test("a rule that does not compile is told with its place in the text, as cel-go prints it", () => {
  const [problem] = problemsOf("self.mix <= self.max", object({ min: { type: "integer" }, max: { type: "integer" } }));
  expect(problem?.field).toBe("properties[spec].x-kubernetes-validations[0].rule");
  expect(problem?.reason).toBe("FieldValueInvalid");
  expect(problem?.message).toContain('"Rule":"self.mix \\u003c= self.max"');
  expect(problem?.message).toMatch(/: compilation failed: ERROR: <input>:1:5: undefined field 'mix'\n \| self\.mix <= self\.max\n \| \.\.\.\.\^$/);
});

test.each([
  ["self.a", object({ a: { type: "string" } }), {}, "cel expression must evaluate to a bool"],
  ["true", object({}), { messageExpression: "1" }, "messageExpression must evaluate to a string"],
  [
    "true",
    object({}),
    { messageExpression: "'a' + 1" },
    "messageExpression compilation failed: ERROR: <input>:1:5: found no matching overload for '_+_' applied to '(string, int)'",
  ],
  ["", object({}), {}, "rule is not specified"],
  ["true", object({}), { message: "  " }, "must be non-empty if specified"],
  ["true", object({}), { message: "a\nb" }, "must not contain line breaks"],
  ["true ||\ntrue", object({}), {}, "message must be specified if rule contains line breaks"],
  ["true", object({}), { messageExpression: " " }, "messageExpression must be non-empty if specified"],
  [
    "true",
    object({}),
    { reason: "Bad" },
    'supported values: "FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"',
  ],
  ["true", object({ a: { type: "string" } }), { fieldPath: ".b" }, "must be a valid path"],
  ["true", object({ a: { type: "string" } }), { fieldPath: "a" }, "must be a valid path"],
  ["true", object({}), { optionalOldSelf: true }, "may not be set if oldSelf is not used in rule"],
] as const)("rule %j on %j with %j: %s", (rule, spec, more, why) => {
  const problems = problemsOf(rule, spec, more);
  expect(problems.map(({ message }) => message).join("\n")).toContain(why);
});

test("a field path may name fields and keys of maps", () => {
  const spec = object({ a: object({ "b.c": { type: "string" } }), m: { type: "object", additionalProperties: { type: "string" } } });
  for (const fieldPath of [".a", ".a['b.c']", ".m.key", ".m['k\\'s']"]) expect(problemsOf("true", spec, { fieldPath })).toEqual([]);
});

test("oldSelf is refused where items have no counterpart, and allowed in map lists", () => {
  const item: StructuralSchema = { type: "object", properties: { k: { type: "string" } }, "x-kubernetes-validations": [{ rule: "self == oldSelf" }] };
  const list: StructuralSchema = { type: "array", items: item, maxItems: 10 };
  const [problem] = checkRules(object({ list }));
  expect(problem?.message).toBe(
    'Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the schema within properties[list]',
  );
  expect(checkRules(object({ list: { ...list, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"] } }))).toEqual([]);
});

test("a rule that costs too much is forbidden, and limits make it cheap", () => {
  const nested = "self.a.all(x, self.a.all(y, x.contains(y)))";
  const [first] = problemsOf(nested, object({ a: texts }));
  expect(first?.reason).toBe("FieldValueForbidden");
  expect(first?.message).toBe(
    "Forbidden: estimated rule cost exceeds budget by factor of more than 100x (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)",
  );
  expect(problemsOf(nested, object({ a: { type: "array", maxItems: 100, items: { type: "string", maxLength: 63 } } }))).toEqual([]);
});

test("a cheap rule in a list without a limit counts as often as it can occur", () => {
  const item: StructuralSchema = { type: "string", "x-kubernetes-validations": [{ rule: "self.matches('^[a-z]+$')" }] };
  const [problem] = checkRules(object({ a: { type: "array", items: item } }));
  expect(problem?.message).toMatch(/^Forbidden: estimated rule cost exceeds budget/);
  expect(checkRules(object({ a: { type: "array", maxItems: 10, items: { ...item, maxLength: 63 } } }))).toEqual([]);
});

test("rules that are each within the limit may be too many together", () => {
  const rules = Array.from({ length: 30 }, () => ({ rule: "self.all(x, x.contains('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'))" }));
  const list: StructuralSchema = { type: "array", maxItems: 10_000, items: { type: "string", maxLength: 400 }, "x-kubernetes-validations": rules };
  const problems = checkRules(object({ list }));
  expect(problems.at(-1)?.field).toBe("");
  expect(problems.at(-1)?.message).toContain(
    "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of",
  );
  expect(problems[0]?.message).toBe("Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema");
});

test("rules in allOf see the type of the schema above", () => {
  const spec: StructuralSchema = {
    ...object({ a: { type: "integer" } }),
    allOf: [{ "x-kubernetes-validations": [{ rule: "self.a > 1" }, { rule: "self.b" }] }],
  };
  expect(checkRules(object({ spec })).map(({ field }) => field)).toEqual(["properties[spec].allOf[0].x-kubernetes-validations[1].rule"]);
});
