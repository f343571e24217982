import { functions } from "./library/functions.js";
import { type Program, planProgram } from "./plan.js";
import { CelIssue, displayIssues } from "./syntax/cel-issue.js";
import { parseExpression } from "./syntax/parse.js";
import type { CelType } from "./types/cel-type.js";
import { checkExpression } from "./types/check.js";
import type { Checked } from "./types/checked.js";
import { literalProblems } from "./types/literal-problems.js";
import { CelError } from "./values/cel-error.js";

export type Compilation =
  | { readonly checked: Checked; readonly program: Program }
  | { readonly problem: string }
  /** It is well typed, but a part of it that is constant has no value. */
  | { readonly instantiation: string };

const conversions = new Set(["bool", "bytes", "double", "duration", "int", "string", "timestamp", "uint"]);

/** Conversions of literals are made at once, and their errors told. */
function failingConversion({ calls }: Checked): string | undefined {
  for (const { name, args, overloads } of calls.values()) {
    const [argument] = args;
    if (!conversions.has(name) || argument?.kind !== "literal") continue;
    try {
      overloads[0]?.run(argument.value);
    } catch (error) {
      if (error instanceof CelError) return error.message;
      throw error;
    }
  }
  return undefined;
}

/** Reads, checks and plans a CEL text. `problem` is what cel-go would print. */
export function compileExpression(source: string, variables: ReadonlyMap<string, CelType>): Compilation {
  try {
    const result = checkExpression(parseExpression(source), { variables, functions });
    const issues = "issues" in result ? result.issues : literalProblems(result.checked);
    if (issues.length > 0 || "issues" in result) return { problem: displayIssues(source, issues) };
    const failure = failingConversion(result.checked);
    if (failure !== undefined) return { instantiation: failure };
    return { checked: result.checked, program: planProgram(result.checked, [...variables.keys()]) };
  } catch (error) {
    if (error instanceof CelIssue) return { problem: displayIssues(source, [error]) };
    // The stack is not deep enough: whoever wrote this wanted that.
    if (error instanceof RangeError) return { problem: "ERROR: <input>:1:1: expression is too complex" };
    throw error;
  }
}
