import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { maxDepth } from "../schema/field-path.js";

/**
 * A set of fields, as a tree: the form of `managedFields` (FieldsV1). A step is `f:<name>` (a field), `k:<json>` (a list item by its
 * keys), `v:<json>` (an item by its value) or `i:<index>`. A node is a member, has children, or both. Immutable once built.
 */
export interface FieldSet {
  readonly member: boolean;
  readonly children: ReadonlyMap<string, FieldSet>;
}

export const emptySet: FieldSet = { member: false, children: new Map() };
export const leafSet: FieldSet = { member: true, children: new Map() };

export const isEmpty = (set: FieldSet): boolean => !set.member && set.children.size === 0;

export const childOf = (set: FieldSet, step: string): FieldSet => set.children.get(step) ?? emptySet;

/** Combines two trees node by node; `member` decides membership from both. Empty nodes are dropped. */
function combine(a: FieldSet, b: FieldSet, member: (inA: boolean, inB: boolean) => boolean): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const step of new Set([...a.children.keys(), ...b.children.keys()])) {
    const next = combine(childOf(a, step), childOf(b, step), member);
    if (!isEmpty(next)) children.set(step, next);
  }
  return { member: member(a.member, b.member), children };
}

export const union = (a: FieldSet, b: FieldSet): FieldSet => combine(a, b, (inA, inB) => inA || inB);
export const intersection = (a: FieldSet, b: FieldSet): FieldSet => combine(a, b, (inA, inB) => inA && inB);
export const difference = (a: FieldSet, b: FieldSet): FieldSet => combine(a, b, (inA, inB) => inA && !inB);

/** `a` without the members of `b` and all that lies below them. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  if (b.member) return emptySet;
  const children = new Map<string, FieldSet>();
  for (const [step, child] of a.children) {
    const next = recursiveDifference(child, childOf(b, step));
    if (!isEmpty(next)) children.set(step, next);
  }
  return { member: a.member, children };
}

/** The members as paths of steps, parents first, in the order of {@link encodeFields}. */
export function membersOf(set: FieldSet, path: readonly string[] = []): readonly (readonly string[])[] {
  const below = sortedChildren(set).flatMap(([step, child]) => membersOf(child, [...path, step]));
  return set.member ? [path, ...below] : below;
}

export function setOf(paths: readonly (readonly string[])[]): FieldSet {
  return paths.reduce(
    (set, path) =>
      union(
        set,
        path.reduceRight<FieldSet>((child, step) => ({ member: false, children: new Map([[step, child]]) }), leafSet),
      ),
    emptySet,
  );
}

export const fieldStep = (name: string): string => `f:${name}`;
export const valueStep = (value: JsonValue): string => `v:${JSON.stringify(value)}`;
export const keyStep = (keys: readonly (readonly [string, JsonValue])[]): string =>
  `k:${JSON.stringify(Object.fromEntries(keys.toSorted(([a], [b]) => (a < b ? -1 : 1))))}`;

const kinds = "fkvi";
const sortedChildren = (set: FieldSet): readonly (readonly [string, FieldSet])[] =>
  [...set.children].sort(([a], [b]) => kinds.indexOf(a[0] ?? "") - kinds.indexOf(b[0] ?? "") || (a < b ? -1 : 1));

/** The set as `fieldsV1`. */
export function encodeFields(set: FieldSet): JsonObject {
  return Object.fromEntries([
    ...(set.member && set.children.size > 0 ? [[".", {}] as const] : []),
    ...sortedChildren(set).map(([step, child]) => [step, encodeFields(child)] as const),
  ]);
}

/** Reads `fieldsV1`; undefined when it is not one. */
export function decodeFields(fields: JsonValue | undefined, depth = 0): FieldSet | undefined {
  if (!isJsonObject(fields) || depth > maxDepth) return undefined;
  const children = new Map<string, FieldSet>();
  for (const [key, value] of Object.entries(fields)) {
    if (key === ".") continue;
    const step = canonicalStep(key);
    const child = decodeFields(value, depth + 1);
    if (step === undefined || child === undefined) return undefined;
    children.set(step, child);
  }
  // A node without children stands for the field itself; "." says so where there are children.
  return { member: depth > 0 && (Object.hasOwn(fields, ".") || children.size === 0), children };
}

function canonicalStep(step: string): string | undefined {
  const body = step.slice(2);
  if (step.startsWith("f:")) return step;
  if (step.startsWith("i:")) return /^\d+$/.test(body) ? step : undefined;
  if (!step.startsWith("k:") && !step.startsWith("v:")) return undefined;
  const value = parse(body);
  // Names of items are scalars: nothing nested may come in by a client's managedFields.
  if (step.startsWith("v:")) return value === undefined || isNested(value) ? undefined : valueStep(value);
  return isJsonObject(value) && !Object.values(value).some(isNested) ? keyStep(Object.entries(value)) : undefined;
}

const isNested = (value: JsonValue): boolean => typeof value === "object" && value !== null;

function parse(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

/** The path in the words of conflict messages: `.spec.services[type="query"].path`. */
export const pathText = (path: readonly string[]): string => path.map(stepText).join("");

function stepText(step: string): string {
  const body = step.slice(2);
  if (step.startsWith("f:")) return `.${body}`;
  if (step.startsWith("v:")) return `[=${body}]`;
  const keys = step.startsWith("k:") ? parse(body) : undefined;
  if (!isJsonObject(keys)) return `[${body}]`;
  return `[${Object.entries(keys)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(",")}]`;
}
