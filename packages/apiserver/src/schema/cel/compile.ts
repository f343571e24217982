import { functions } from "./library/functions.js";
import { type Program, planProgram } from "./plan.js";
import { CelIssue, displayIssues } from "./syntax/cel-issue.js";
import { parseExpression } from "./syntax/parse.js";
import type { CelType } from "./types/cel-type.js";
import { checkExpression } from "./types/check.js";
import type { Checked } from "./types/checked.js";
import { literalProblems } from "./types/literal-problems.js";

export type Compilation = { readonly checked: Checked; readonly program: Program } | { readonly problem: string };

/** Reads, checks and plans a CEL text. `problem` is what cel-go would print. */
export function compileExpression(source: string, variables: ReadonlyMap<string, CelType>): Compilation {
  try {
    const result = checkExpression(parseExpression(source), { variables, functions });
    const issues = "issues" in result ? result.issues : literalProblems(result.checked);
    if (issues.length > 0 || "issues" in result) return { problem: displayIssues(source, issues) };
    return { checked: result.checked, program: planProgram(result.checked, [...variables.keys()]) };
  } catch (error) {
    if (error instanceof CelIssue) return { problem: displayIssues(source, [error]) };
    throw error;
  }
}
