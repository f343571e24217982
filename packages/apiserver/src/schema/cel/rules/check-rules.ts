import type { JsonValue } from "@dataplane/meta";
import { goJson } from "../../field-errors.js";
import type { StructuralSchema, ValidationRule } from "../../structural-schema.js";
import { estimateCost } from "../cost/estimate.js";
import { mostOccurrences, shapeOfSchema } from "../cost/shape.js";
import { isEmbedded } from "../types/schema-type.js";
import type { CheckRules, RuleProblem } from "../validation-rules.js";
import { type CompiledExpression, type CompiledRule, compiledRules } from "./compiled-rules.js";
import { costProblem, mostPerRule, mostPerSchema, TotalCost } from "./cost-limits.js";
import { formProblems } from "./rule-form.js";

export const checkRules: CheckRules = (schema) => {
  const levels = [...levelsOf({ schema, node: schema, field: "", isObjectRoot: true, occurrences: 1, uncorrelatable: undefined, depth: 0 })];
  const form = levels.flatMap((level) => rulesOf(level).flatMap((rule, index) => formProblems(rule, level.node, placeOf(level, index))));
  if (form.length > 0) return form;
  const total = new TotalCost();
  const problems = levels.flatMap((level) => levelProblems(level, total));
  return [...problems, ...total.problems(mostPerSchema)];
};

/** One schema with rules, or above one. */
interface Level {
  readonly schema: StructuralSchema;
  /** The schema that types `self`: the same one, but in allOf. */
  readonly node: StructuralSchema;
  readonly field: string;
  readonly isObjectRoot: boolean;
  /** How often its values can occur in one object; undefined when a list or map above has no limit. */
  readonly occurrences: number | undefined;
  /** The nearest list above whose items have no old value. */
  readonly uncorrelatable: string | undefined;
  readonly depth: number;
}

const deepest = 64;

const rulesOf = ({ schema }: Level): readonly ValidationRule[] => schema["x-kubernetes-validations"] ?? [];
const placeOf = ({ field }: Level, index: number): string => child(field, `x-kubernetes-validations[${index}]`);
const child = (parent: string, name: string): string => (parent === "" ? name : `${parent}.${name}`);

function* levelsOf(level: Level): Generator<Level> {
  if (level.depth > deepest) return;
  yield level;
  const { schema, node, field, occurrences } = level;
  const below = { ...level, depth: level.depth + 1 };
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const typed = node.properties !== undefined && Object.hasOwn(node.properties, name) ? (node.properties[name] ?? property) : property;
    yield* levelsOf({ ...below, schema: property, node: typed, field: child(field, `properties[${name}]`), isObjectRoot: isEmbedded(typed) });
  }
  const { additionalProperties: additional, items } = schema;
  if (typeof additional === "object") {
    const typed = typeof node.additionalProperties === "object" ? node.additionalProperties : additional;
    const times = multiplied(occurrences, node.maxProperties);
    yield* levelsOf({
      ...below,
      schema: additional,
      node: typed,
      field: child(field, "additionalProperties"),
      isObjectRoot: isEmbedded(typed),
      occurrences: times,
    });
  }
  if (items !== undefined) {
    const typed = node.items ?? items;
    const at = child(field, "items");
    const uncorrelatable = level.uncorrelatable ?? (node["x-kubernetes-list-type"] === "map" ? undefined : field);
    yield* levelsOf({
      ...below,
      schema: items,
      node: typed,
      field: at,
      isObjectRoot: isEmbedded(typed),
      occurrences: multiplied(occurrences, node.maxItems),
      uncorrelatable,
    });
  }
  for (const [index, part] of (schema.allOf ?? []).entries()) yield* levelsOf({ ...below, schema: part, field: child(field, `allOf[${index}]`) });
}

const multiplied = (occurrences: number | undefined, most: number | undefined): number | undefined =>
  occurrences === undefined || most === undefined ? undefined : occurrences * Math.max(0, most);

function levelProblems(level: Level, total: TotalCost): readonly RuleProblem[] {
  const { schema, node, isObjectRoot } = level;
  if (rulesOf(level).length === 0) return [];
  return compiledRules(schema, node, isObjectRoot).rules.flatMap((compiled, index) =>
    ruleProblems(compiled, level, { place: placeOf(level, index), total }),
  );
}

interface RulePlace {
  readonly place: string;
  readonly total: TotalCost;
}

function ruleProblems(compiled: CompiledRule, level: Level, { place, total }: RulePlace): readonly RuleProblem[] {
  const { rule, condition, message } = compiled;
  const at = `${place}.rule`;
  const occurrences = level.occurrences ?? mostOccurrences(level.node, level.isObjectRoot);
  const cost = (costOf(condition, level) ?? 0) * occurrences;
  total.add(at, cost);
  const problems: RuleProblem[] = [...costProblem(at, "estimated rule cost", cost, mostPerRule)];
  if (condition !== undefined && "problem" in condition) problems.push(invalid(at, shownRule(rule), condition.problem));
  problems.push(...messageProblems(compiled, level, { place, total }));
  if (compiled.usesOldSelf && level.uncorrelatable !== undefined) {
    problems.push(invalid(at, rule.rule, `oldSelf cannot be used on the uncorrelatable portion of the schema within ${level.uncorrelatable}`));
  }
  if (!compiled.usesOldSelf && rule.optionalOldSelf !== undefined && condition !== undefined) {
    problems.push(invalid(`${place}.optionalOldSelf`, rule.optionalOldSelf, "may not be set if oldSelf is not used in rule"));
  }
  if (message !== undefined && "problem" in message) problems.push(invalid(`${place}.messageExpression`, shownRule(rule), message.problem));
  return problems;
}

function messageProblems({ message }: CompiledRule, level: Level, { place, total }: RulePlace): readonly RuleProblem[] {
  const cost = costOf(message, level);
  if (cost === undefined) return [];
  total.add(`${place}.messageExpression`, cost);
  return costProblem(`${place}.messageExpression`, "estimated messageExpression cost", cost, mostPerRule);
}

function costOf(expression: CompiledExpression, { node, isObjectRoot }: Level): number | undefined {
  if (expression === undefined || "problem" in expression) return undefined;
  const shape = shapeOfSchema(node, isObjectRoot);
  return estimateCost(
    expression.checked,
    new Map([
      ["self", shape],
      ["oldSelf", shape],
    ]),
  );
}

const invalid = (field: string, value: JsonValue, why: string): RuleProblem => ({
  field,
  reason: "FieldValueInvalid",
  message: `Invalid value: ${typeof value === "string" ? JSON.stringify(value) : goJson(value)}: ${why}`,
});

/** The rule as Kubernetes prints it: the fields of its Go type. */
const shownRule = ({ rule, message = "", messageExpression = "", reason, fieldPath = "", optionalOldSelf }: ValidationRule): JsonValue => ({
  Rule: rule,
  Message: message,
  MessageExpression: messageExpression,
  Reason: reason ?? null,
  FieldPath: fieldPath,
  OptionalOldSelf: optionalOldSelf ?? null,
});
