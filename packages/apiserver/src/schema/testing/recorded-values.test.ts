import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { checkRules } from "../cel/rules/check-rules.js";
import { evaluateRules } from "../cel/rules/evaluate-rules.js";
import type { StructuralSchema } from "../structural-schema.js";

/** What cel-go, as k8s.io/apiextensions-apiserver v0.37.2 configures it, makes of an expression: its text, null for an error, or why it is none. */
type Value = string | null | { readonly problem: string };

const recorded = JSON.parse(readFileSync(new URL("recorded-values.json", import.meta.url), "utf8")) as readonly (readonly [string, Value])[];

const schemaOf = (expression: string): StructuralSchema => ({
  type: "object",
  "x-kubernetes-validations": [{ rule: "false", message: "none", messageExpression: expression }],
});

function valueOf(expression: string): Value {
  const schema = schemaOf(expression);
  const problem = checkRules(schema).find(({ message }) => !message.startsWith("Forbidden"))?.message;
  if (problem !== undefined) return { problem: problem.slice(problem.indexOf("messageExpression", problem.indexOf("OptionalOldSelf"))) };
  const text = evaluateRules(schema, {}, undefined)[0]?.message.replace("Invalid value: ", "") ?? "none";
  return text === "none" ? null : text;
}

test.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])("functions give what cel-go gives, tenth %i", (tenth) => {
  const some = recorded.filter((_, index) => index % 10 === tenth);
  expect(some.length).toBeGreaterThan(250);
  expect(some.map(([expression]) => [expression, valueOf(expression)])).toEqual(some);
});
