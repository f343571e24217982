import { isJsonObject, type JsonValue } from "@dataplane/meta";
import type { StructuralSchema } from "../schema/structural-schema.js";
import { childOf, type FieldSet, fieldStep, isEmpty, leafSet } from "./field-set.js";
import { fieldsOf, fieldType, isNamed, itemStep, itemsOf, itemType, shapeOf } from "./typed-value.js";

/** The fields that a configuration sets: what its applier owns. */
export function fieldSetOf(schema: StructuralSchema, value: JsonValue): FieldSet {
  const shape = shapeOf(schema, value);
  if (shape === "leaf") return leafSet;
  return shape === "list" ? setOfItems(schema, itemsOf(value)) : setOfFields(schema, value);
}

function setOfFields(schema: StructuralSchema, value: JsonValue): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [name, field] of Object.entries(fieldsOf(value))) {
    const below = fieldSetOf(fieldType(schema, name), field);
    const member = below.member || field === null || isEmptyMap(field) || !isNamed(schema, name);
    const next = { member, children: below.children };
    if (!isEmpty(next)) children.set(fieldStep(name), next);
  }
  return { member: false, children };
}

const isEmptyMap = (value: JsonValue): boolean => isJsonObject(value) && !Array.isArray(value) && Object.keys(value).length === 0;

function setOfItems(schema: StructuralSchema, items: readonly JsonValue[]): FieldSet {
  const children = new Map<string, FieldSet>();
  const repeated = new Set<string>();
  for (const item of items) {
    const step = itemStep(schema, item);
    if (step === undefined) continue;
    // Items that share a name are owned as one.
    if (children.has(step)) repeated.add(step);
    else children.set(step, { member: true, children: fieldSetOf(itemType(schema), item).children });
  }
  for (const step of repeated) children.set(step, leafSet);
  return { member: false, children };
}

/** The set with each named field that has children as a member too: the form in which sets can be compared for pruning. */
export function withNamedFields(schema: StructuralSchema | undefined, set: FieldSet): FieldSet {
  const children = new Map<string, FieldSet>();
  for (const [step, child] of set.children) {
    const name = step.startsWith("f:") ? step.slice(2) : undefined;
    const below = withNamedFields(schema === undefined ? undefined : typeBelow(schema, step), child);
    const named = name !== undefined && schema !== undefined && isNamed(schema, name) && child.children.size > 0;
    children.set(step, { member: below.member || named, children: below.children });
  }
  return { member: set.member, children };
}

function typeBelow(schema: StructuralSchema, step: string): StructuralSchema | undefined {
  if (step.startsWith("f:")) return fieldType(schema, step.slice(2));
  return step.startsWith("k:") ? itemType(schema) : undefined;
}

/** Fields owned one by one below what has since become atomic are owned as a whole. */
export function withSchemaChanges(schema: StructuralSchema, set: FieldSet): FieldSet {
  if (set.children.size === 0) return set;
  if (isAtomic(schema)) return leafSet;
  const children = new Map<string, FieldSet>();
  for (const [step, child] of set.children) {
    const below = typeBelow(schema, step);
    children.set(step, below === undefined ? childOf(set, step) : withSchemaChanges(below, child));
  }
  return { member: set.member, children };
}

function isAtomic(schema: StructuralSchema): boolean {
  if (schema.type === "array") return shapeOf(schema, []) === "leaf";
  return schema.type === "object" && schema["x-kubernetes-map-type"] === "atomic";
}
