import { readFileSync } from "node:fs";
import type { Cause } from "@dataplane/meta";
import { expect, test } from "vitest";
import { checkRules } from "../cel/rules/check-rules.js";
import { evaluateRules } from "../cel/rules/evaluate-rules.js";
import { wholeObjectSchema } from "../object-meta-schema.js";
import { validateSchema } from "../validate-schema.js";
import { keywordCases } from "./keyword-cases.js";
import { knownGaps } from "./known-gaps.js";
import { levelCases } from "./level-cases.js";
import { ruleCases, type SchemaCase } from "./rule-cases.js";

// What k8s.io/apiextensions-apiserver v0.37.2 says of each case, recorded by conformance/schema-validation.
interface Answer {
  readonly check: readonly Cause[];
  readonly structural: readonly Cause[];
  readonly rules: readonly Cause[];
}

const recorded = JSON.parse(readFileSync(new URL("recorded-answers.json", import.meta.url), "utf8")) as Readonly<Record<string, Answer>>;
const cases: readonly SchemaCase[] = [...ruleCases, ...levelCases, ...keywordCases];

const sorted = (causes: readonly Cause[]): readonly string[] =>
  causes.map(({ field, message, reason }) => `${field}: ${message} (${reason})`).toSorted();

function ours({ schema, object, old }: SchemaCase): Answer {
  const whole = wholeObjectSchema(schema);
  const root = "spec.validation.openAPIV3Schema";
  return {
    check: checkRules(schema).map(({ reason, message, field }) => ({ reason, message, field: field === "" ? root : `${root}.${field}` })),
    structural: object === undefined ? [] : validateSchema(whole, object, "", old),
    rules: object === undefined ? [] : evaluateRules(whole, object, old),
  };
}

const shown = ({ check, structural, rules }: Answer) => ({ check: sorted(check), structural: sorted(structural), rules: sorted(rules) });

test.each(cases.filter(({ name }) => !knownGaps.has(name)))("as Kubernetes: $name", (it) => {
  const answer = recorded[it.name];
  expect(answer).toBeDefined();
  if (answer !== undefined) expect(shown(ours(it))).toEqual(shown(answer));
});

test("what differs is listed with its reason, and nothing else is", () => {
  const differing = cases.filter((it) => {
    const answer = recorded[it.name];
    return answer === undefined || JSON.stringify(shown(ours(it))) !== JSON.stringify(shown(answer));
  });
  expect(new Set(differing.map(({ name }) => name))).toEqual(new Set(knownGaps.keys()));
});
