import { BadRequestError } from "@dataplane/plugin-sdk";
import type { LabelMatcher } from "./filters.js";
import { promqlTokens, type Token } from "./promql-tokens.js";

const labelLists = new Set(["by", "without", "on", "ignoring", "group_left", "group_right"]);
const words = new Set([..."and or unless atan2 bool offset inf nan start end".split(" "), ...labelLists]);
const aggregations = new Set("sum avg count min max group stddev stdvar topk bottomk count_values quantile limitk limit_ratio".split(" "));

/** Adds matchers to every vector selector of an expression, and leaves the rest as it is written. Throws BadRequestError when it cannot. */
export function injectMatchers(expr: string, matchers: readonly LabelMatcher[]): string {
  if (matchers.length === 0) return expr;
  const added = matchers.map(matcherText).join(",");
  const tokens = promqlTokens(expr);
  let text = "";
  for (let at = 0; at < tokens.length; ) {
    const { piece, next } = rewriteAt(tokens, at, added);
    text += piece;
    at = next;
  }
  return text;
}

interface Rewritten {
  readonly piece: string;
  readonly next: number;
}

function rewriteAt(tokens: readonly Token[], at: number, added: string): Rewritten {
  const current = tokens[at];
  if (current === undefined) return { piece: "", next: at + 1 };
  if (isMark(current, "{")) return selectorBraces(tokens, at, added);
  if (isMark(current, "[")) return copyUntil(tokens, at, "]");
  if (current.kind !== "name") return { piece: current.text, next: at + 1 };
  const following = nextSolid(tokens, at + 1);
  if (labelLists.has(current.text.toLowerCase()) && tokens[following]?.text === "(") return copyUntil(tokens, at, ")");
  const isMetric = !isWord(current.text) && !isCallOrBraced(tokens, following, current.text);
  return { piece: isMetric ? `${current.text}{${added}}` : current.text, next: at + 1 };
}

const isMark = ({ kind, text }: Token, mark: string) => kind === "mark" && text === mark;
const isWord = (text: string) => words.has(text.toLowerCase());

/** A function or aggregation, or a metric whose braces come next and get the matchers then. */
function isCallOrBraced(tokens: readonly Token[], following: number, name: string): boolean {
  const next = tokens[following]?.text ?? "";
  if (next === "(" || next === "{") return true;
  return aggregations.has(name.toLowerCase()) && labelLists.has(next.toLowerCase());
}

function selectorBraces(tokens: readonly Token[], at: number, added: string): Rewritten {
  const { piece, next } = copyUntil(tokens, at, "}");
  const inner = piece.slice(1, -1);
  const solid = tokens.slice(at + 1, next - 1).filter(({ kind }) => kind !== "blank");
  const last = solid.at(-1)?.text;
  // On a line of its own, as a comment may stand before it.
  const separator = last === undefined || last === "," ? "" : ",";
  const hasComment = tokens.slice(at, next).some(({ kind, text }) => kind === "blank" && text.startsWith("#"));
  return { piece: `{${inner}${hasComment ? "\n" : ""}${separator}${added}}`, next };
}

function copyUntil(tokens: readonly Token[], at: number, end: string): Rewritten {
  const close = tokens.findIndex(({ text }, index) => index > at && text === end);
  if (close < 0) throw new BadRequestError(`expr has no closing ${end}`);
  const piece = tokens
    .slice(at, close + 1)
    .map(({ text }) => text)
    .join("");
  return { piece, next: close + 1 };
}

function nextSolid(tokens: readonly Token[], from: number): number {
  const found = tokens.findIndex(({ kind }, index) => index >= from && kind !== "blank");
  return found < 0 ? tokens.length : found;
}

function matcherText({ label, operator, value }: LabelMatcher): string {
  // Other names need the quoted form, which Prometheus 3 reads.
  const name = /^[a-zA-Z_]\w*$/.test(label) ? label : quoted(label);
  return `${name}${operator}${quoted(value)}`;
}

const quoted = (text: string) => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
