import type { StructuralSchema, ValidationRule } from "../../structural-schema.js";
import { type Compilation, compileExpression } from "../compile.js";
import type { Program } from "../plan.js";
import { bool, type CelType, optional, shownType, string } from "../types/cel-type.js";
import type { Checked } from "../types/checked.js";
import { typeOfSchema } from "../types/schema-type.js";
import { ruleFieldPath } from "./rule-field-path.js";

/** An expression that is ready, or why it is not; undefined when the rule has none. */
export type CompiledExpression = { readonly program: Program; readonly checked: Checked } | { readonly problem: string } | undefined;

export interface CompiledRule {
  readonly rule: ValidationRule;
  readonly condition: CompiledExpression;
  readonly message: CompiledExpression;
  readonly usesOldSelf: boolean;
  /** `fieldPath` as causes show it. */
  readonly place: string | undefined;
}

export interface RuleSet {
  readonly type: CelType | undefined;
  readonly rules: readonly CompiledRule[];
}

/** Kept for as long as the schema that has the rules, for each schema that types `self` (more than one with allOf) and root or not. */
const kept = new WeakMap<StructuralSchema, WeakMap<StructuralSchema, Map<boolean, RuleSet>>>();

/** The rules of one level of a schema. `node` is the schema that types `self`: the same one, but in allOf. */
export function compiledRules(schema: StructuralSchema, node: StructuralSchema, isObjectRoot: boolean): RuleSet {
  const byNode = kept.get(schema) ?? new WeakMap<StructuralSchema, Map<boolean, RuleSet>>();
  kept.set(schema, byNode);
  const byRoot = byNode.get(node) ?? new Map<boolean, RuleSet>();
  byNode.set(node, byRoot);
  const known = byRoot.get(isObjectRoot);
  if (known !== undefined) return known;
  const type = typeOfSchema(node, isObjectRoot);
  const rules = (schema["x-kubernetes-validations"] ?? []).map((rule) => compileRule(rule, node, type));
  const set = { type, rules };
  byRoot.set(isObjectRoot, set);
  return set;
}

function compileRule(rule: ValidationRule, node: StructuralSchema, self: CelType | undefined): CompiledRule {
  const place = rule.fieldPath === undefined || rule.fieldPath === "" ? undefined : ruleFieldPath(node, rule.fieldPath);
  const none: CompiledRule = { rule, condition: undefined, message: undefined, usesOldSelf: false, place };
  if (rule.rule.trim() === "") return none;
  if (self === undefined) return { ...none, condition: { problem: "rules are not possible on a schema without a known type" } };
  const variables = new Map([
    ["self", self],
    ["oldSelf", rule.optionalOldSelf === true ? optional(self) : self],
  ]);
  const compiled = compileExpression(rule.rule, variables);
  const condition = resulting(compiled, bool, {
    failed: "compilation failed",
    instantiation: "program instantiation failed",
    wrongType: "cel expression must evaluate to a bool",
  });
  const usesOldSelf = "checked" in compiled && compiled.checked.variables.has("oldSelf");
  const isBroken = condition === undefined || "problem" in condition;
  const messageText = rule.messageExpression ?? "";
  if (isBroken || messageText === "") return { ...none, condition, usesOldSelf };
  const message = resulting(compileExpression(messageText, variables), string, {
    failed: "messageExpression compilation failed",
    instantiation: "messageExpression instantiation failed",
    wrongType: "messageExpression must evaluate to a string",
  });
  return { ...none, condition, message, usesOldSelf };
}

interface Words {
  readonly failed: string;
  readonly instantiation: string;
  readonly wrongType: string;
}

function resulting(compiled: Compilation, wanted: CelType, { failed, instantiation, wrongType }: Words): CompiledExpression {
  if ("problem" in compiled) return { problem: `${failed}: ${compiled.problem}` };
  if ("instantiation" in compiled) return { problem: `${instantiation}: ${compiled.instantiation}` };
  return shownType(compiled.checked.type) === shownType(wanted) ? compiled : { problem: wrongType };
}

const withRules = new WeakMap<StructuralSchema, boolean>();

/** Whether a schema has a rule anywhere: where it has none, the object need not be walked. */
export function hasRules(schema: StructuralSchema): boolean {
  const known = withRules.get(schema);
  if (known !== undefined) return known;
  // A schema that contains itself has what is found beside that.
  withRules.set(schema, false);
  const { properties, additionalProperties, items, allOf } = schema;
  const below = [...Object.values(properties ?? {}), ...(items === undefined ? [] : [items]), ...(allOf ?? [])];
  if (typeof additionalProperties === "object") below.push(additionalProperties);
  const found = (schema["x-kubernetes-validations"] ?? []).length > 0 || below.some(hasRules);
  withRules.set(schema, found);
  return found;
}
