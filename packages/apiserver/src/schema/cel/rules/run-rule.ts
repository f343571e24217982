import type { Cause, JsonValue } from "@dataplane/meta";
import { duplicate, invalidValue, ofValue } from "../../field-errors.js";
import type { StructuralSchema, ValidationRule } from "../../structural-schema.js";
import { Budget, mostPerExpression } from "../cost/budget.js";
import type { Program } from "../plan.js";
import { CelError, CostExceeded } from "../values/cel-error.js";
import { type CelValue, noValue, OptionalValue } from "../values/cel-value.js";
import { valueOf } from "../values/from-json.js";
import type { CompiledRule } from "./compiled-rules.js";

/** What is left for the rules of one write. */
export interface Allowance {
  cost: number;
  /** A time of `now`, in milliseconds. */
  readonly deadline: number;
  readonly now: () => number;
}

/** One value, and what it was. */
export interface Subject {
  readonly schema: StructuralSchema;
  readonly isObjectRoot: boolean;
  readonly path: string;
  readonly value: JsonValue;
  readonly old: JsonValue | undefined;
  /** Rules that do not look at the old value may fail here as they did before. */
  readonly isUnchanged: () => boolean;
}

/** The rules cost too much: these are the causes, and no rule is run after. */
export interface Exhausted {
  readonly exhausted: Cause;
}

/** What one rule says of the value. */
export function runRule(compiled: CompiledRule, subject: Subject, allowance: Allowance): readonly Cause[] | Exhausted {
  const { rule, condition, usesOldSelf } = compiled;
  if (condition === undefined) return [];
  if ("problem" in condition) return [typeCause(subject, `rule compile error: ${condition.problem}`)];
  if (usesOldSelf && isAbsent(subject.old) && rule.optionalOldSelf !== true) return [];
  if (allowance.cost <= 0) return { exhausted: typeCause(subject, outOfBudget) };
  const result = evaluate(condition.program, () => variables(compiled, subject), allowance);
  if (result instanceof CostExceeded) {
    const why = `'${result.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${shownRule(rule)}`;
    return { exhausted: typeCause(subject, allowance.cost <= 0 ? outOfBudget : why) };
  }
  if (result instanceof CelError) return [typeCause(subject, errorText(result, rule))];
  if (result === true) return [];
  if (!usesOldSelf && subject.isUnchanged()) return [];
  return failure(compiled, subject, allowance);
}

const outOfBudget = "validation failed due to running out of cost budget, no further validation rules will be run";

const isAbsent = (old: JsonValue | undefined): old is null | undefined => old === undefined || old === null;

function errorText(error: CelError, rule: ValidationRule): string {
  if (!error.message.startsWith("no such overload")) return `${error.message} evaluating rule: ${shownRule(rule)}`;
  return `'${error.message}': call arguments did not match a supported operator, function or macro signature for rule: ${shownRule(rule)}`;
}

function variables({ rule, usesOldSelf }: CompiledRule, { schema, isObjectRoot, value, old }: Subject): ReadonlyMap<string, CelValue> {
  const self = valueOf(schema, value, isObjectRoot);
  if (!usesOldSelf) return new Map([["self", self]]);
  const oldSelf = isAbsent(old) ? undefined : valueOf(schema, old, isObjectRoot);
  if (rule.optionalOldSelf === true)
    return new Map([
      ["self", self],
      ["oldSelf", oldSelf === undefined ? noValue : new OptionalValue(oldSelf)],
    ]);
  return new Map(
    oldSelf === undefined
      ? [["self", self]]
      : [
          ["self", self],
          ["oldSelf", oldSelf],
        ],
  );
}

function evaluate(program: Program, values: () => ReadonlyMap<string, CelValue>, allowance: Allowance): CelValue | CelError | CostExceeded {
  const budget = new Budget(Math.min(mostPerExpression, allowance.cost), allowance.deadline, allowance.now);
  try {
    return program(values(), budget);
  } catch (error) {
    if (error instanceof CelError || error instanceof CostExceeded) return error;
    // A stack or a text that the runtime refuses is the rule's doing too.
    if (error instanceof RangeError) return new CelError("expression is too large");
    throw error;
  } finally {
    allowance.cost -= budget.spent;
  }
}

function failure(compiled: CompiledRule, subject: Subject, allowance: Allowance): readonly Cause[] | Exhausted {
  const { rule, place } = compiled;
  const own = messageOf(compiled, subject, allowance);
  if (typeof own === "object") return own;
  const detail = own ?? ruleMessage(rule);
  const field = place === undefined || place === "" ? shownPath(subject.path) : subject.path === "" ? place : `${subject.path}.${place}`;
  return [causeOf({ field, value: shownValue(subject), detail, reason: rule.reason })];
}

/** `messageExpression`'s text; undefined when it has none that can be used. */
function messageOf(compiled: CompiledRule, subject: Subject, allowance: Allowance): string | undefined | Exhausted {
  const { message, rule } = compiled;
  if (message === undefined || "problem" in message) return undefined;
  const text =
    allowance.cost <= 0 ? new CostExceeded() : evaluate(message.program, () => variables({ ...compiled, usesOldSelf: true }, subject), allowance);
  if (text instanceof CostExceeded) {
    const why = `no further validation rules will be run due to call cost exceeds limit for messageExpression: ${JSON.stringify(rule.messageExpression)}`;
    return { exhausted: typeCause(subject, why) };
  }
  if (typeof text !== "string") return undefined;
  const trimmed = text.trim();
  return trimmed === "" || trimmed.includes("\n") || Buffer.byteLength(trimmed) > longestMessage ? undefined : trimmed;
}

const longestMessage = 5120;

const ruleMessage = (rule: ValidationRule): string => ((rule.message ?? "") === "" ? `failed rule: ${shownRule(rule)}` : (rule.message ?? "").trim());
const shownRule = ({ message = "", rule }: ValidationRule): string => (message === "" ? rule : message).trim();

/** Objects and lists are not repeated in a cause. */
const shownValue = ({ schema, value, isObjectRoot }: Subject): JsonValue | undefined =>
  isObjectRoot || schema.type === "object" || schema.type === "array" ? undefined : value;

interface Found {
  readonly field: string;
  readonly value: JsonValue | undefined;
  readonly detail: string;
  readonly reason: ValidationRule["reason"];
}

function causeOf({ field, value, detail, reason }: Found): Cause {
  switch (reason) {
    case "FieldValueForbidden":
      return { reason, message: `Forbidden: ${detail}`, field };
    case "FieldValueRequired":
      return { reason, message: `Required value: ${detail}`, field };
    case "FieldValueDuplicate":
      return value === undefined ? { reason, message: "Duplicate value", field } : duplicate(field, value);
    case "FieldValueInvalid":
    case undefined:
      return ofValue(field, value, detail);
  }
}

const typeCause = (subject: Subject, why: string): Cause =>
  invalidValue(shownPath(subject.path), subject.isObjectRoot ? "object" : (subject.schema.type ?? ""), why);

/** The whole object has no path; this is what Kubernetes shows for it. */
const shownPath = (path: string): string => (path === "" ? "<nil>" : path);
