import { isJsonObject, type JsonValue } from "@dataplane/meta";
import fc from "fast-check";
import { RE2JS } from "re2js";
import { expect, test } from "vitest";
import { escaped, escapes } from "./escapes.js";
import type { QueryParameter } from "./named-query.js";
import { bindParameters } from "./parameter-values.js";
import { substituted, usesOf } from "./substitute.js";

const parameter = (partial: Partial<QueryParameter> = {}): QueryParameter => ({
  name: "p",
  type: "string",
  description: "",
  default: undefined,
  required: false,
  pattern: undefined,
  enum: undefined,
  minimum: undefined,
  maximum: undefined,
  maxLength: 1024,
  escape: "promql-string",
  ...partial,
});

const query = { expr: 'up{job="${param.p}"}', more: [{ deep: { $param: "p" } }, "$__interval ${other}", 7, null], legendFormat: "{{job}}" };

/** The shape: every value that is no container stands for its type. */
function shape(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map((it: JsonValue) => shape(it));
  if (isJsonObject(value)) return Object.fromEntries(Object.entries(value).map(([key, it]) => [key, shape(it)]));
  return typeof value;
}

test("whatever the text, the structure of the query stays, and only the places of the parameter change", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const bound = bindParameters([parameter()], { p: text }, new Date());
      if (!("values" in bound)) throw new Error("not bound");
      const result = substituted(query, bound.values);
      // By way of JSON, as the plugin reads it.
      const read = JSON.parse(JSON.stringify(result)) as JsonValue;
      expect(shape(read)).toEqual(shape({ ...query, more: [{ deep: "" }, "", 7, null] }));
      expect(result).toMatchObject({ more: [{ deep: text }, "$__interval ${other}", 7, null], legendFormat: "{{job}}" });
    }),
  );
});

test("a text never ends the string that it stands in", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      for (const escape of ["json-string", "promql-string", "promql-regex"] as const) {
        const written = escaped(text, escape) ?? "";
        // Taken pair by pair, a backslash and what follows it, no quote and no end of line is left.
        expect(written.replace(/\\./gs, "")).not.toMatch(escape === "json-string" ? /["\\\n\r]/ : /["'`\\\n\r]/);
      }
      const sql = escaped(text, "sql-string");
      expect((sql ?? "").replaceAll("''", "")).not.toContain("'");
      expect(sql === undefined).toBe(/[\\\0]/.test(text));
    }),
  );
});

test("a quoted regular expression matches the text and nothing else", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme-ascii" }), fc.string({ unit: "grapheme-ascii" }), (text, other) => {
      const pattern = JSON.parse(`"${escaped(text, "promql-regex") ?? ""}"`) as string;
      expect(RE2JS.matches(pattern, text)).toBe(true);
      expect(RE2JS.matches(pattern, other)).toBe(other === text);
    }),
  );
});

test("JSON's escape is what a parser reads back", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(JSON.parse(`"${escaped(text, "json-string") ?? ""}"`)).toBe(text);
    }),
  );
  expect(escapes).toHaveLength(4);
});

test("every place of a parameter is found, and keys are none", () => {
  const text = "${param.x} ${param.y}";
  expect(usesOf({ a: [text, { $param: "z" }], "${param.key}": 1, b: { $param: "z", more: 1 }, c: "$__rate_interval" })).toEqual([
    { name: "x", whole: false, field: "a[0]", inside: { text, index: 0 } },
    { name: "y", whole: false, field: "a[0]", inside: { text, index: 11 } },
    { name: "z", whole: true, field: "a[1]" },
  ]);
});

test.each([
  ["a number for a text", parameter(), 7, "expected a text"],
  ["a text that is too long", parameter({ maxLength: 3 }), "four", "longer than 3"],
  ["a text that is not listed", parameter({ enum: ["a", "b"] }), "c", "one of a, b"],
  ["a text that the pattern does not match as a whole", parameter({ pattern: "[a-z]+" }), "abc;", "does not match"],
  ["a backslash in SQL", parameter({ escape: "sql-string" }), "\\", "cannot be written"],
  ["a text for a number", parameter({ type: "number" }), "7", "expected a number"],
  ["a fraction for a whole number", parameter({ type: "integer" }), 1.5, "whole number"],
  ["too little", parameter({ type: "number", minimum: 1 }), 0, "less than 1"],
  ["too much", parameter({ type: "number", maximum: 1 }), 2, "more than 1"],
  ["a text for a flag", parameter({ type: "boolean" }), "true", "true or false"],
  ["no time", parameter({ type: "time" }), "yesterday", "expected a time"],
  ["no duration", parameter({ type: "duration" }), "5m or 1=1", "duration"],
  ["nothing for what is required", parameter({ required: true }), undefined, "required"],
])("%s is refused, and the field is named", (_what, declared, value, why) => {
  const sent = value === undefined ? {} : { p: value };
  expect(bindParameters([declared], sent, new Date())).toMatchObject({
    causes: [{ field: "parameters.p", message: expect.stringContaining(why) as string }],
  });
});

test("a parameter that is not declared is refused, whatever its name", () => {
  const sent = JSON.parse('{"__proto__": 1, "constructor": 2}') as Record<string, JsonValue>;
  expect(bindParameters([], sent, new Date())).toMatchObject({
    causes: [{ field: "parameters.__proto__" }, { field: "parameters.constructor" }],
  });
});

test("values have the form that their place asks for", () => {
  const now = new Date("2026-01-01T00:00:00Z");
  const declared = [
    parameter({ name: "n", type: "number" }),
    parameter({ name: "t", type: "time" }),
    parameter({ name: "d", type: "duration", default: "5m" }),
    parameter({ name: "none" }),
  ];
  const bound = bindParameters(declared, { n: 1.5, t: "now-1h" }, now);
  if (!("values" in bound)) throw new Error("not bound");
  const uses = { n: { $param: "n" }, t: { $param: "t" }, none: { $param: "none" }, text: "${param.n} ${param.t} ${param.d}${param.none}" };
  const hourAgo = now.getTime() - 3_600_000;
  expect(substituted(uses, bound.values)).toEqual({ n: 1.5, t: hourAgo, none: null, text: `1.5 ${hourAgo} 5m` });
});
