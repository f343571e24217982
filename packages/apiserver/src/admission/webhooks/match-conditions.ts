import type { JsonObject } from "@dataplane/meta";
import { compileExpression } from "../../schema/cel/compile.js";
import { Budget, longestPerWrite } from "../../schema/cel/cost/budget.js";
import type { Program } from "../../schema/cel/plan.js";
import { bool, type CelType, dyn, list, map, type ObjectType, shownType, string } from "../../schema/cel/types/cel-type.js";
import { CelError, CostExceeded } from "../../schema/cel/values/cel-error.js";
import type { CelValue } from "../../schema/cel/values/cel-value.js";
import { dynamicValue } from "./dynamic-value.js";

/** A condition in CEL that a request must meet before the webhook is asked. */
export interface MatchCondition {
  readonly name: string;
  readonly program: Program;
}

const objectType = (name: string, fields: Readonly<Record<string, CelType>>): ObjectType => ({
  kind: "object",
  name,
  fields: new Map(Object.entries(fields)),
});

const kindType = objectType("kubernetes.GroupVersionKind", { group: string, version: string, kind: string });
const resourceType = objectType("kubernetes.GroupVersionResource", { group: string, version: string, resource: string });
const userType = objectType("kubernetes.UserInfo", { username: string, uid: string, groups: list(string), extra: map(string, list(string)) });

const requestType = objectType("kubernetes.AdmissionRequest", {
  kind: kindType,
  resource: resourceType,
  subResource: string,
  requestKind: kindType,
  requestResource: resourceType,
  requestSubResource: string,
  name: string,
  namespace: string,
  operation: string,
  userInfo: userType,
  dryRun: bool,
  options: dyn,
});

const variables: ReadonlyMap<string, CelType> = new Map([
  ["object", dyn],
  ["oldObject", dyn],
  ["request", requestType],
]);

/** The program of an expression, or what is wrong with it in the words of the field's validation. */
export function compileCondition(expression: string): { readonly program: Program } | { readonly problem: string } {
  const compiled = compileExpression(expression, variables);
  if ("problem" in compiled) return { problem: `compilation failed: ${compiled.problem}` };
  if ("instantiation" in compiled) return { problem: `instantiation failed: ${compiled.instantiation}` };
  if (shownType(compiled.checked.type) !== "bool" && compiled.checked.type.kind !== "dyn") return { problem: "must evaluate to bool" };
  return { program: compiled.program };
}

/** All conditions of one webhook together, as in Kubernetes. */
const costLimit = 2_500_000;

/** Whether all conditions hold; `problem` when none is false and one could not be evaluated. */
export type ConditionsVerdict = { readonly matches: boolean } | { readonly problem: string };

/** `request` is the one of the AdmissionReview: its object and oldObject are variables of their own. */
export function matchesConditions(conditions: readonly MatchCondition[], request: JsonObject): ConditionsVerdict {
  if (conditions.length === 0) return { matches: true };
  const { object, oldObject, ...rest } = request;
  const values = new Map<string, CelValue>([
    ["object", dynamicValue(object)],
    ["oldObject", dynamicValue(oldObject)],
    ["request", dynamicValue(rest)],
  ]);
  const now = (): number => performance.now();
  const budget = new Budget(costLimit, now() + longestPerWrite, now);
  const problems: string[] = [];
  for (const { name, program } of conditions) {
    const result = evaluate(program, values, budget);
    if (result === false) return { matches: false };
    if (result !== true) problems.push(`expression of ${JSON.stringify(name)} resulted in error: ${result}`);
  }
  const [first] = problems;
  if (first === undefined) return { matches: true };
  return { problem: problems.length === 1 ? first : `[${problems.join(", ")}]` };
}

function evaluate(program: Program, values: ReadonlyMap<string, CelValue>, budget: Budget): boolean | string {
  try {
    const result = program(values, budget);
    return typeof result === "boolean" ? result : "it did not evaluate to bool";
  } catch (error) {
    if (error instanceof CelError) return error.message;
    if (error instanceof CostExceeded) return "validation failed due to running out of cost budget, no further validation rules will be run";
    // A stack or a text that the runtime refuses is the expression's doing too.
    if (error instanceof RangeError) return "expression is too large";
    throw error;
  }
}
