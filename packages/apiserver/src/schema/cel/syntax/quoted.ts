import { CelIssue } from "./cel-issue.js";
import type { Token } from "./tokens.js";

const simpleEscapes: ReadonlyMap<string, string> = new Map(
  Object.entries({ a: "\u0007", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v", "\\": "\\", "?": "?", '"': '"', "'": "'", "`": "`" }),
);

/** The string or bytes literal that begins at `at` with `opening`: prefix and first quote. Throws a CelIssue. */
export function readQuoted(source: string, at: number, opening: string): { readonly token: Token; readonly end: number } {
  const prefix = opening.slice(0, -1).toLowerCase();
  const single = opening.slice(-1);
  const isTriple = source.startsWith(single.repeat(3), at + prefix.length);
  const quote = isTriple ? single.repeat(3) : single;
  const start = at + prefix.length + quote.length;
  const end = endOf(source, start, quote, { isRaw: prefix.includes("r"), isTriple, at });
  const raw = source.slice(start, end);
  const isBytes = prefix.includes("b");
  const bytes = isBytes ? bytesOf(raw, prefix.includes("r"), at) : undefined;
  const text = isBytes ? "" : prefix.includes("r") ? raw : unescaped(raw, at);
  const token: Token = bytes === undefined ? { kind: "string", text, at } : { kind: "bytes", text, at, bytes };
  return { token, end: end + quote.length };
}

interface Form {
  readonly isRaw: boolean;
  readonly isTriple: boolean;
  readonly at: number;
}

function endOf(source: string, start: number, quote: string, { isRaw, isTriple, at }: Form): number {
  for (let i = start; i < source.length; i++) {
    if (source.startsWith(quote, i)) return i;
    if (source[i] === "\n" && !isTriple) break;
    if (source[i] === "\\" && !isRaw) i++;
  }
  throw new CelIssue(`Syntax error: token recognition error at: '${source.slice(at, at + 20)}'`, at);
}

const unescaped = (raw: string, at: number): string =>
  pieces(raw, at)
    .map((piece) => (typeof piece === "string" ? piece : codePoint(piece.code, at)))
    .join("");

function bytesOf(raw: string, isRaw: boolean, at: number): Uint8Array {
  if (isRaw) return Buffer.from(raw);
  return Buffer.concat(
    pieces(raw, at).map((piece) =>
      typeof piece === "string" ? Buffer.from(piece) : piece.isByte ? Buffer.from([piece.code]) : Buffer.from(codePoint(piece.code, at)),
    ),
  );
}

function codePoint(code: number, at: number): string {
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) throw new CelIssue("invalid unicode code point", at);
  return String.fromCodePoint(code);
}

type Piece = string | { readonly code: number; readonly isByte: boolean };

const numericEscape = /\\(?:[xX]([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-3][0-7]{2}))/y;

function pieces(raw: string, at: number): readonly Piece[] {
  const found: Piece[] = [];
  for (let i = 0; i < raw.length; ) {
    const next = raw.indexOf("\\", i);
    if (next < 0) return [...found, raw.slice(i)];
    if (next > i) found.push(raw.slice(i, next));
    const { piece, length } = escapeAt(raw, next, at);
    found.push(piece);
    i = next + length;
  }
  return found;
}

function escapeAt(raw: string, index: number, at: number): { readonly piece: Piece; readonly length: number } {
  const simple = simpleEscapes.get(raw[index + 1] ?? "");
  if (simple !== undefined) return { piece: simple, length: 2 };
  numericEscape.lastIndex = index;
  const match = numericEscape.exec(raw);
  if (match === null) throw new CelIssue("Syntax error: token recognition error at: unable to unescape string", at);
  const [, byte, short, long, octal]: readonly (string | undefined)[] = match;
  const code = octal === undefined ? Number.parseInt(byte ?? short ?? long ?? "0", 16) : Number.parseInt(octal, 8);
  return { piece: { code, isByte: byte !== undefined || octal !== undefined }, length: match[0].length };
}
