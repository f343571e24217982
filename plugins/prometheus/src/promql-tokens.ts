import { BadRequestError } from "@dataplane/plugin-sdk";

/** A piece of an expression. Joined, the pieces' texts are the expression again. */
export interface Token {
  readonly kind: "blank" | "string" | "number" | "name" | "mark";
  readonly text: string;
}

// One of these fits at every place: the last takes any single character. A word of digits and letters, such as 5m or 1e3, is a number.
const patterns: readonly (readonly [Token["kind"], RegExp])[] = [
  ["blank", /(?:\s+|#[^\n]*)/y],
  ["string", /(?:"(?:[^"\\]|\\[\s\S])*"|'(?:[^'\\]|\\[\s\S])*'|`[^`]*`)/y],
  ["number", /\.?\d[\w.]*/y],
  ["name", /[a-zA-Z_:][\w:]*/y],
  ["mark", /[\s\S]/y],
];

/** Splits a PromQL expression (https://prometheus.io/docs/prometheus/latest/querying/basics/). Throws BadRequestError for a string without end. */
export function promqlTokens(expr: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < expr.length) {
    const token = tokenAt(expr, at);
    if (token.kind === "mark" && /["'`]/.test(token.text)) throw new BadRequestError("expr has a string without an end");
    tokens.push(token);
    at += token.text.length;
  }
  return tokens;
}

function tokenAt(expr: string, at: number): Token {
  for (const [kind, pattern] of patterns) {
    pattern.lastIndex = at;
    const text = pattern.exec(expr)?.[0];
    if (text !== undefined) return { kind, text };
  }
  return { kind: "mark", text: expr.slice(at, at + 1) };
}
