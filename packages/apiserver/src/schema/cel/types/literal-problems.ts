import { compilePattern } from "../../regular-expression.js";
import { isStrictTime } from "../library/conversions.js";
import { clausesOf, isClause } from "../library/format-text.js";
import { CelIssue } from "../syntax/cel-issue.js";
import type { Expression, ListElement } from "../syntax/expression.js";
import { parseDuration, parseTimestamp } from "../values/time.js";
import { type CelType, dyn, runtimeName, shownType } from "./cel-type.js";
import type { Checked, ResolvedCall } from "./checked.js";
import { Substitution } from "./substitution.js";

type IsValid = (text: string) => boolean;

const validators: ReadonlyMap<string, { readonly argument: number; readonly isValid: IsValid }> = new Map([
  ["matches", { argument: 1, isValid: (text: string) => "expression" in compilePattern(text) }],
  ["duration", { argument: 0, isValid: (text: string) => parseDuration(text) !== undefined }],
  ["timestamp", { argument: 0, isValid: (text: string) => isStrictTime(text) && parseTimestamp(text) !== undefined }],
]);

/** Literals that no run could use, and lists and maps of mixed types: told when the rule is written. In the order of the text. */
export function literalProblems(checked: Checked): readonly CelIssue[] {
  const exempt = formatArguments(checked);
  const mixed = [...checked.types.keys()].flatMap((expression) => (exempt.has(expression) ? [] : mixedProblem(expression, checked)));
  const formats = [...checked.calls].flatMap(([{ at }, resolved]) => formatProblem(resolved, at, checked));
  return [...[...checked.calls.values()].flatMap(argumentProblem), ...formats, ...mixed].toSorted((a, b) => a.at - b.at);
}

function argumentProblem({ name, args }: ResolvedCall): readonly CelIssue[] {
  const validator = validators.get(name);
  const argument = validator === undefined ? undefined : args[validator.argument];
  if (argument?.kind !== "literal" || typeof argument.value !== "string" || validator?.isValid(argument.value) !== false) return [];
  return [new CelIssue(`invalid ${name} argument`, argument.at)];
}

const integerKinds = new Set(["int", "uint", "dyn", "param"]);
const doubleKinds = new Set(["double", "dyn", "param"]);

/** A literal pattern for `format` beside a literal list of values. */
function formatProblem({ name, args: [pattern, values] }: ResolvedCall, at: number, { types }: Checked): readonly CelIssue[] {
  if (name !== "format" || pattern?.kind !== "literal" || typeof pattern.value !== "string" || values?.kind !== "list") return [];
  for (const [index, verb] of clausesOf(pattern.value).entries()) {
    const element = values.elements[index]?.value;
    if (!isClause(verb)) return [new CelIssue(`could not parse formatting clause: unrecognized formatting clause ${JSON.stringify(verb)}`, at)];
    if (element === undefined) return [new CelIssue(`index ${index} out of range`, at)];
    const type = types.get(element) ?? dyn;
    if (verb === "d" && !integerKinds.has(type.kind)) return [misused("decimal", "integers", type, element.at)];
    if (verb === "f" && !doubleKinds.has(type.kind)) return [misused("fixed-point", "doubles", type, element.at)];
  }
  return [];
}

const misused = (clause: string, wanted: string, type: CelType, at: number): CelIssue =>
  new CelIssue(`error during formatting: ${clause} clause can only be used on ${wanted}, was given ${runtimeName(type)}`, at);

/** Lists given to `format` may mix, as may all that is in them. */
function formatArguments({ calls }: Checked): ReadonlySet<Expression> {
  const found = new Set<Expression>();
  const add = (expression: Expression): void => {
    found.add(expression);
    for (const part of partsOf(expression)) add(part);
  };
  for (const { name, args } of calls.values()) if (name === "format") args.forEach(add);
  return found;
}

function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "list":
      return expression.elements.map(({ value }) => value);
    case "map":
      return expression.entries.flatMap(({ key, value }) => [key, value]);
    case "call":
      return [...(expression.target === undefined ? [] : [expression.target]), ...expression.args];
    case "select":
      return [expression.operand];
    case "comprehension":
      return [expression.range, expression.initial, expression.condition, expression.step, expression.result];
    case "literal":
    case "ident":
    case "message":
      return [];
  }
}

function mixedProblem(expression: Expression, checked: Checked): readonly CelIssue[] {
  if (expression.kind === "list") return mixed(expression.elements, checked);
  if (expression.kind !== "map") return [];
  return [
    ...mixed(
      expression.entries.map(({ key }) => ({ value: key, isOptional: false })),
      checked,
    ),
    ...mixed(expression.entries, checked),
  ];
}

/** The first element that is of another type than the one before. */
function mixed(elements: readonly ListElement[], { types }: Checked): readonly CelIssue[] {
  const typed = elements.map(({ value, isOptional }) => ({ at: value.at, type: elementType(types.get(value) ?? dyn, isOptional) }));
  const [first, ...rest] = typed;
  if (first === undefined) return [];
  const other = rest.find(({ type }) => !areAlike(first.type, type));
  return other === undefined ? [] : [new CelIssue(`expected type '${shownType(first.type)}' but found '${shownType(other.type)}'`, other.at)];
}

const elementType = (type: CelType, isOptional: boolean): CelType => (isOptional && type.kind === "optional" ? type.of : type);

const areAlike = (a: CelType, b: CelType): boolean =>
  a.kind === "dyn" || b.kind === "dyn" || shownType(a) === shownType(b) || new Substitution().assign(a, b);
