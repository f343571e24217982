import { CelIssue } from "./cel-issue.js";
import { readQuoted } from "./quoted.js";

export interface Token {
  readonly kind: "ident" | "int" | "uint" | "double" | "string" | "bytes" | "symbol" | "end";
  /** The text of names, numbers and symbols; the value of strings. */
  readonly text: string;
  readonly at: number;
  /** Of `bytes`. */
  readonly bytes?: Uint8Array;
}

const spaceOrComment = /(?:[\t\n\f\r ]|\/\/[^\n]*)+/y;
const name = /[A-Za-z_]\w*/y;
const pointed = /\d*\.\d+(?:[eE][+-]?\d+)?/y;
const scientific = /\d+[eE][+-]?\d+/y;
const integer = /(?:0x[\da-fA-F]+|\d+)[uU]?/y;
const quoted = /(?:[bB]|[rR]|[bB][rR]|[rR][bB])?["']/y;
const symbol = /==|!=|<=|>=|&&|\|\||[<>[\](){}.,:?!+\-*/%]/y;

/** The words of a CEL text. Throws a CelIssue at the first character that begins none. */
export function tokensOf(source: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = matchAt(spaceOrComment, source, 0)?.length ?? 0;
  while (at < source.length) {
    const { token, end } = tokenAt(source, at);
    tokens.push(token);
    at = end + (matchAt(spaceOrComment, source, end)?.length ?? 0);
  }
  return [...tokens, { kind: "end", text: "<EOF>", at: source.length }];
}

function tokenAt(source: string, at: number): { readonly token: Token; readonly end: number } {
  const quote = matchAt(quoted, source, at);
  if (quote !== undefined) return readQuoted(source, at, quote);
  const plain = (kind: Token["kind"], text: string) => ({ token: { kind, text, at }, end: at + text.length });
  const word = matchAt(name, source, at);
  if (word !== undefined) return plain("ident", word);
  const double = matchAt(pointed, source, at) ?? matchAt(scientific, source, at);
  if (double !== undefined) return plain("double", double);
  const whole = matchAt(integer, source, at);
  if (whole !== undefined) return plain(/u$/i.test(whole) ? "uint" : "int", whole);
  const sign = matchAt(symbol, source, at);
  if (sign !== undefined) return plain("symbol", sign);
  throw new CelIssue(`Syntax error: token recognition error at: '${String.fromCodePoint(source.codePointAt(at) ?? 0)}'`, at);
}

function matchAt(expression: RegExp, source: string, at: number): string | undefined {
  expression.lastIndex = at;
  return expression.exec(source)?.[0];
}
