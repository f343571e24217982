import { RE2JS } from "re2js";

/** A pattern in the syntax of RE2, as Go has it (https://github.com/google/re2/wiki/Syntax). Time is linear in the text, whatever the pattern. */
export interface RegularExpression {
  /** Whether it is found anywhere in the text. */
  isIn(text: string): boolean;
  /** The first match. */
  first(text: string): string | undefined;
  /** The matches from left to right, at most `limit`. */
  all(text: string, limit: number): readonly string[];
}

export type Compiled = { readonly expression: RegularExpression } | { readonly problem: string };

/** Longer patterns and larger programs are refused: matching costs text times program. */
const longestPattern = 16_384;
const largestProgram = 50_000;
/** Patterns that are kept compiled. */
const mostKept = 2000;

const kept = new Map<string, Compiled>();

/** Reads a pattern once, or says why it is none, in Go's words. */
export function compilePattern(pattern: string): Compiled {
  const known = kept.get(pattern);
  if (known !== undefined) return known;
  const compiled = compile(pattern);
  const oldest = kept.size < mostKept ? undefined : kept.keys().next().value;
  if (oldest !== undefined) kept.delete(oldest);
  kept.set(pattern, compiled);
  return compiled;
}

function compile(pattern: string): Compiled {
  if (pattern.length > longestPattern) return { problem: `pattern is longer than ${longestPattern} characters` };
  try {
    const compiled = RE2JS.compile(pattern);
    return compiled.programSize() > largestProgram ? { problem: "pattern is too large" } : { expression: expressionOf(compiled) };
  } catch (error) {
    return { problem: error instanceof Error ? error.message : "not a regular expression" };
  }
}

const expressionOf = (compiled: RE2JS): RegularExpression => ({
  isIn: (text) => compiled.test(text),
  first: (text) => {
    const matcher = compiled.matcher(text);
    return matcher.find() ? (matcher.group() ?? "") : undefined;
  },
  all: (text, limit) => {
    const matcher = compiled.matcher(text);
    const found: string[] = [];
    while (found.length < limit && matcher.find()) found.push(matcher.group() ?? "");
    return found;
  },
});
