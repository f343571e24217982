import { compilePattern } from "../../regular-expression.js";
import { CelIssue } from "../syntax/cel-issue.js";
import { parseDuration, parseTimestamp } from "../values/time.js";
import type { Checked, ResolvedCall } from "./checked.js";

type IsValid = (text: string) => boolean;

const validators: ReadonlyMap<string, { readonly argument: number; readonly isValid: IsValid }> = new Map([
  ["matches", { argument: 1, isValid: (text: string) => "expression" in compilePattern(text) }],
  ["duration", { argument: 0, isValid: (text: string) => parseDuration(text) !== undefined }],
  ["timestamp", { argument: 0, isValid: (text: string) => parseTimestamp(text) !== undefined }],
]);

/** Literal patterns, durations and times that no run could use: told when the rule is written. */
export const literalProblems = ({ calls }: Checked): readonly CelIssue[] => [...calls.values()].flatMap(problemOf);

function problemOf({ name, args }: ResolvedCall): readonly CelIssue[] {
  const validator = validators.get(name);
  const argument = validator === undefined ? undefined : args[validator.argument];
  if (argument?.kind !== "literal" || typeof argument.value !== "string" || validator?.isValid(argument.value) !== false) return [];
  return [new CelIssue(`invalid ${name} argument`, argument.at)];
}
