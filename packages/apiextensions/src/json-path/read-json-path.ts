import { isJsonObject, type JsonValue } from "@dataplane/meta";
import type { Comparison, Filter, JsonPath, Step } from "./json-path.js";

/** Steps such as `..` multiply what is found: beyond this many values nothing is read. */
const mostValues = 10_000;

/** What the path finds, in order; undefined where a step fits no value at all, such as an index beyond the list. */
export function readJsonPath(path: JsonPath, value: JsonValue): readonly JsonValue[] | undefined {
  let found: readonly JsonValue[] = [value];
  for (const step of path) {
    const next: JsonValue[] = [];
    for (const from of found) {
      const below = readStep(step, from);
      if (below === undefined || next.length + below.length > mostValues) return undefined;
      next.push(...below);
    }
    found = next;
  }
  return found;
}

function readStep(step: Step, value: JsonValue): readonly JsonValue[] | undefined {
  // An absent value has nothing below it, which is no fault.
  if (value === null) return [];
  switch (step.kind) {
    case "field":
      return fieldOf(value, step.name);
    case "wildcard":
      return childrenOf(value);
    case "descendants":
      return descendantsOf(value);
    case "index":
      return indexOf(value, step.index);
    case "slice":
      return sliceOf(value, step);
    case "union":
      return unionOf(value, step.paths);
    case "filter":
      return isList(value) ? value.filter((item) => passes(step.filter, item)) : undefined;
  }
}

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);

function fieldOf(value: JsonValue, name: string): readonly JsonValue[] {
  if (!isJsonObject(value) || !Object.hasOwn(value, name)) return [];
  return [value[name] ?? null];
}

function childrenOf(value: JsonValue): readonly JsonValue[] {
  if (isList(value)) return value;
  return isJsonObject(value) ? Object.values(value) : [];
}

function descendantsOf(value: JsonValue): readonly JsonValue[] {
  const found: JsonValue[] = [];
  const waiting: JsonValue[] = [value];
  for (let next = waiting.pop(); next !== undefined && found.length <= mostValues; next = waiting.pop()) {
    const children = childrenOf(next);
    if (children.length === 0) continue;
    found.push(next);
    // One by one: a list may have more items than a call has room for arguments.
    for (const child of children.toReversed()) waiting.push(child);
  }
  return found;
}

function indexOf(value: JsonValue, index: number): readonly JsonValue[] | undefined {
  const item = isList(value) ? value.at(index) : undefined;
  return item === undefined ? undefined : [item];
}

function sliceOf(value: JsonValue, { from, to, step }: Extract<Step, { kind: "slice" }>): readonly JsonValue[] | undefined {
  if (!isList(value)) return undefined;
  return value.slice(from, to).filter((_, index) => index % step === 0);
}

function unionOf(value: JsonValue, paths: readonly JsonPath[]): readonly JsonValue[] | undefined {
  const found: JsonValue[] = [];
  for (const path of paths) {
    const values = readJsonPath(path, value);
    if (values === undefined) return undefined;
    found.push(...values);
  }
  return found;
}

function passes({ path, comparison }: Filter, item: JsonValue): boolean {
  const lefts = readJsonPath(path, item) ?? [];
  if (comparison === undefined) return lefts.length > 0;
  const { operator, right } = comparison;
  const rights = "value" in right ? [right.value] : (readJsonPath(right, item) ?? []);
  const [[left], [other]] = [lefts, rights];
  return lefts.length === 1 && rights.length === 1 && left !== undefined && other !== undefined && compares(operator, left, other);
}

/** Only values of one basic kind compare. */
function compares(operator: Comparison, left: JsonValue, right: JsonValue): boolean {
  if (operator === "==") return left === right;
  if (operator === "!=") return typeof left === typeof right && left !== right;
  if (typeof left === "number" && typeof right === "number") return ordered(operator, left - right);
  if (typeof left !== "string" || typeof right !== "string") return false;
  return ordered(operator, left < right ? -1 : left > right ? 1 : 0);
}

function ordered(operator: Exclude<Comparison, "==" | "!=">, difference: number): boolean {
  if (operator === "<") return difference < 0;
  if (operator === "<=") return difference <= 0;
  return operator === ">" ? difference > 0 : difference >= 0;
}
