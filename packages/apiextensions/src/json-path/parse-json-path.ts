import type { JsonValue } from "@dataplane/meta";
import { type Comparison, comparisons, type Filter, type JsonPath, type Step } from "./json-path.js";

/** A path that cannot be read; the message says why. */
export class JsonPathError extends Error {
  override readonly name = "JsonPathError";
}

/**
 * Reads a path as printer columns have it: `.spec.replicas`, `.metadata.annotations['a\.b']`, `.items[0]`, `[1:-1]`, `[*]`, `..name`,
 * `[?(@.type=="Ready")]` (https://kubernetes.io/docs/reference/kubectl/jsonpath/, without the templates of command lines). Throws JsonPathError.
 */
export function parseJsonPath(text: string): JsonPath {
  const steps: Step[] = [];
  let rest = text.replace(/^[$@]/, "");
  while (rest !== "") {
    const [read, next] = stepAt(rest);
    steps.push(...read);
    rest = next;
  }
  return steps;
}

/** Why the text is no path; undefined when it is one. */
export function jsonPathProblem(text: string): string | undefined {
  try {
    parseJsonPath(text);
    return undefined;
  } catch (error) {
    if (error instanceof JsonPathError) return error.message;
    throw error;
  }
}

type Read = readonly [steps: readonly Step[], rest: string];

function stepAt(text: string): Read {
  if (text.startsWith("[?(")) return filterAt(text);
  if (text.startsWith("[")) return bracketAt(text);
  if (text.startsWith("...")) throw new JsonPathError("invalid multiple recursive descent");
  if (text.startsWith("..")) {
    const rest = text.slice(2);
    if (rest === "") throw new JsonPathError("unexpected end after ..");
    const [steps, next] = rest.startsWith("[") ? stepAt(rest) : fieldAt(rest);
    return [[{ kind: "descendants" }, ...steps], next];
  }
  if (text.startsWith(".")) return fieldAt(text.slice(1));
  throw new JsonPathError(`unrecognized character in action: ${JSON.stringify(text.charAt(0))}`);
}

/** A name ends at `.`, `[` and their like; a backslash takes the next character as it is. */
const fieldName = /^(?:\\.|[^\\.[\]{}@$,\s])*/s;

function fieldAt(text: string): Read {
  const [raw = ""] = fieldName.exec(text) ?? [];
  const rest = text.slice(raw.length);
  if (rest !== "" && !rest.startsWith(".") && !rest.startsWith("[")) {
    throw new JsonPathError(`unrecognized character in action: ${JSON.stringify(rest.charAt(0))}`);
  }
  // A lone dot is the object itself.
  if (raw === "") return [[], rest];
  return [[raw === "*" ? { kind: "wildcard" } : { kind: "field", name: raw.replaceAll(/\\(.)/gs, "$1") }], rest];
}

function bracketAt(text: string): Read {
  const end = endOfBracket(text);
  if (end < 0) throw new JsonPathError("unterminated array");
  const inside = text.slice(1, end).trim();
  const parts = splitUnion(inside);
  const steps = parts.length > 1 ? [{ kind: "union", paths: parts.map((part) => [selectorOf(part.trim())]) } as const] : [selectorOf(inside)];
  return [steps, text.slice(end + 1)];
}

const bracketParts = /'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[^'"\]]/gs;

/** The closing bracket: not one within quotes. */
function endOfBracket(text: string): number {
  let at = 1;
  for (const [part] of text.slice(1).matchAll(bracketParts)) {
    if (!text.startsWith(part, at)) break;
    at += part.length;
  }
  return text.charAt(at) === "]" ? at : -1;
}

const splitUnion = (inside: string): readonly string[] => inside.match(/(?:'[^']*'|"[^"]*"|[^,'"])+/g) ?? [""];

function selectorOf(text: string): Step {
  if (text === "*") return { kind: "wildcard" };
  const name = quotedText(text);
  if (name !== undefined) return { kind: "field", name };
  if (/^-?\d{1,9}$/.test(text)) return { kind: "index", index: Number(text) };
  const slice = /^(-?\d{1,9})?:(-?\d{1,9})?(?::(\d{1,9})?)?$/.exec(text);
  if (slice === null) throw new JsonPathError(`invalid array index ${text}`);
  const [, from, to, step = "1"] = slice;
  if (Number(step) === 0) throw new JsonPathError("step must be > 0");
  return { kind: "slice", from: numberOf(from), to: numberOf(to), step: Number(step) };
}

const numberOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text));

function quotedText(text: string): string | undefined {
  const [, single, double] = /^(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)")$/s.exec(text) ?? [];
  return (single ?? double)?.replaceAll(/\\(.)/gs, "$1");
}

function filterAt(text: string): Read {
  const end = endOfFilter(text);
  if (end < 0) throw new JsonPathError("unterminated filter");
  return [[{ kind: "filter", filter: filterOf(text.slice(3, end)) }], text.slice(end + 2)];
}

/** The first `)]` that is not within quotes. */
function endOfFilter(text: string): number {
  let quote = "";
  for (let at = 3; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === "\\") at += 1;
    else if (quote !== "") quote = character === quote ? "" : quote;
    else if (character === "'" || character === '"') quote = character;
    else if (text.startsWith(")]", at)) return at;
  }
  return -1;
}

function filterOf(text: string): Filter {
  const found = comparisonIn(text);
  if (found === undefined) return { path: operandPath(text.trim()) };
  const [left, operator, right] = found;
  return { path: operandPath(left.trim()), comparison: { operator, right: operandOf(right.trim()) } };
}

function comparisonIn(text: string): readonly [string, Comparison, string] | undefined {
  const at = text.search(/[!<>=]/);
  const operator = comparisons.find((it) => at >= 0 && text.startsWith(it, at));
  if (at >= 0 && operator === undefined) throw new JsonPathError(`unrecognized filter operator in ${text}`);
  return operator === undefined ? undefined : [text.slice(0, at), operator, text.slice(at + operator.length)];
}

function operandPath(text: string): JsonPath {
  if (!text.startsWith("@") && !text.startsWith("$") && !text.startsWith(".")) throw new JsonPathError(`a filter compares a path, not ${text}`);
  return parseJsonPath(text);
}

function operandOf(text: string): JsonPath | { readonly value: JsonValue } {
  const quoted = quotedText(text);
  if (quoted !== undefined) return { value: quoted };
  if (text === "true" || text === "false") return { value: text === "true" };
  if (/^[+-]?\d{1,15}(?:\.\d{1,15})?$/.test(text)) return { value: Number(text) };
  return operandPath(text);
}
