import type { JsonValue } from "@dataplane/meta";
import type { StructuralSchema } from "../schema/structural-schema.js";
import { emptySet, type FieldSet, fieldStep, isEmpty } from "./field-set.js";
import { jsonEqual, ownField } from "./json-equal.js";
import { fieldsOf, fieldType, itemStep, itemsOf, itemType, type Shape, shapeOf } from "./typed-value.js";

/** What a new state of an object did to the old one. No field is in two of the sets. */
export interface Comparison {
  readonly removed: FieldSet;
  readonly modified: FieldSet;
  readonly added: FieldSet;
}

type Verdict = keyof Comparison;
type Value = JsonValue | undefined;

export function compare(schema: StructuralSchema, before: Value, after: Value): Comparison {
  const node = compareAt(schema, before, after);
  const pick = (verdict: Verdict): FieldSet => only(node, verdict) ?? emptySet;
  return { removed: pick("removed"), modified: pick("modified"), added: pick("added") };
}

interface Node {
  readonly verdicts: readonly Verdict[];
  readonly children: ReadonlyMap<string, Node>;
}

const same: Node = { verdicts: [], children: new Map() };

function only(node: Node, verdict: Verdict): FieldSet | undefined {
  const children = new Map<string, FieldSet>();
  for (const [step, child] of node.children) {
    const below = only(child, verdict);
    if (below !== undefined) children.set(step, below);
  }
  const set = { member: node.verdicts.includes(verdict), children };
  return isEmpty(set) ? undefined : set;
}

function compareAt(schema: StructuralSchema, before: Value, after: Value): Node {
  const shape = sharedShape(schema, before, after);
  if (shape === "leaf") return compareLeaf(before, after);
  const children = shape === "map" ? compareFields(schema, before, after) : compareItems(schema, itemsOf(before), itemsOf(after));
  return { verdicts: presence(before, after), children };
}

/** A value that changes its shape is compared as a leaf, as are two empty ones: so empty and absent stay apart. */
function sharedShape(schema: StructuralSchema, before: Value, after: Value): Shape {
  const shapes = new Set([before, after].filter((it) => it !== undefined && it !== null).map((it) => shapeOf(schema, it)));
  const [shape = "leaf"] = shapes;
  if (shapes.size > 1 || shape === "leaf") return "leaf";
  return isBare(before) && isBare(after) ? "leaf" : shape;
}

const isBare = (value: Value): boolean => value === undefined || value === null || Object.keys(value).length === 0;

function presence(before: Value, after: Value): readonly Verdict[] {
  if (before === undefined) return ["added"];
  return after === undefined ? ["removed"] : [];
}

function compareLeaf(before: Value, after: Value): Node {
  const verdicts = presence(before, after);
  if (verdicts.length > 0) return { verdicts, children: new Map() };
  return jsonEqual(before, after) ? same : { verdicts: ["modified"], children: new Map() };
}

function compareFields(schema: StructuralSchema, before: Value, after: Value): ReadonlyMap<string, Node> {
  const [old, next] = [fieldsOf(before), fieldsOf(after)];
  const children = new Map<string, Node>();
  for (const name of new Set([...Object.keys(old), ...Object.keys(next)])) {
    children.set(fieldStep(name), compareAt(fieldType(schema, name), ownField(old, name), ownField(next, name)));
  }
  return children;
}

function compareItems(schema: StructuralSchema, before: readonly JsonValue[], after: readonly JsonValue[]): ReadonlyMap<string, Node> {
  const [old, next] = [groupByStep(schema, before), groupByStep(schema, after)];
  const children = new Map<string, Node>();
  for (const step of new Set([...old.keys(), ...next.keys()])) children.set(step, compareItem(schema, old.get(step) ?? [], next.get(step) ?? []));
  return children;
}

/** Items that share a name are compared as one; where they cease or begin to share it, the single one comes or goes as a whole. */
function compareItem(schema: StructuralSchema, old: readonly JsonValue[], next: readonly JsonValue[]): Node {
  if (old.length <= 1 && next.length <= 1) return compareAt(itemType(schema), old[0], next[0]);
  if (old.length >= 2 && next.length >= 2) return jsonEqual(old, next) ? same : { verdicts: ["modified"], children: new Map() };
  const single = old.length >= 2 ? compareSingle(schema, undefined, next[0]) : compareSingle(schema, old[0], undefined);
  return { verdicts: [...single.verdicts, old.length >= 2 ? "removed" : "added"], children: single.children };
}

const compareSingle = (schema: StructuralSchema, old: Value, next: Value): Node =>
  old === undefined && next === undefined ? same : compareAt(itemType(schema), old, next);

function groupByStep(schema: StructuralSchema, items: readonly JsonValue[]): ReadonlyMap<string, readonly JsonValue[]> {
  const groups = new Map<string, JsonValue[]>();
  for (const item of items) {
    const step = itemStep(schema, item);
    if (step === undefined) continue;
    const group = groups.get(step);
    if (group === undefined) groups.set(step, [item]);
    else group.push(item);
  }
  return groups;
}
