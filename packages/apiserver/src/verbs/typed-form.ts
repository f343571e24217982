import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { maxDepth } from "../schema/field-path.js";
import { objectMetaSchema } from "../schema/object-meta-schema.js";
import { fieldSchema } from "../schema/prune.js";
import type { StructuralSchema } from "../schema/structural-schema.js";

/**
 * An object as Kubernetes' typed clients and server write it: there is no null, and no map or list that is empty. A field that is one
 * is left out; a null among the values of a map is the zero value. The same object when nothing changes.
 */
export function typedForm(schema: StructuralSchema, object: JsonObject): JsonObject {
  return typedFields(schema, object, 0);
}

/** The typed form of `metadata` alone: of a custom resource, whose other fields are what its schema makes of them. */
export function withTypedMetadata(object: JsonObject): JsonObject {
  const { metadata } = object;
  if (!isJsonObject(metadata)) return object;
  const typed = typedForm(objectMetaSchema, metadata);
  return typed === metadata ? object : { ...object, metadata: typed };
}

function typedFields(schema: StructuralSchema, object: JsonObject, depth: number): JsonObject {
  // What is nested deeper is refused by those who come after.
  if (depth > maxDepth) return object;
  let changed = false;
  const kept: [string, JsonValue][] = [];
  for (const [key, value] of Object.entries(object)) {
    const next = typedField(schema, key, value, depth);
    changed ||= next !== value;
    if (next !== undefined) kept.push([key, next]);
  }
  return changed ? Object.fromEntries(kept) : object;
}

/** Undefined: it is left out. */
function typedField(schema: StructuralSchema, key: string, value: JsonValue, depth: number): JsonValue | undefined {
  const field = fieldSchema(schema, key);
  if (field === undefined) return value;
  const isDeclared = schema.properties !== undefined && Object.hasOwn(schema.properties, key);
  if (value === null && isTyped(field) && field.nullable !== true) return isDeclared ? undefined : zeroOf(field);
  const next = typedValue(field, value, depth + 1);
  // No managedFields is a wish to forget who set what.
  if (key === "managedFields") return next;
  return isDeclared && isEmptyCollection(field, next) && schema.required?.includes(key) !== true ? undefined : next;
}

/** An open field may hold anything, null too. */
const isTyped = ({ type, "x-kubernetes-int-or-string": intOrString }: StructuralSchema): boolean => type !== undefined || intOrString === true;

const zeros: ReadonlyMap<unknown, JsonValue> = new Map<unknown, JsonValue>([
  ["string", ""],
  ["integer", 0],
  ["number", 0],
  ["boolean", false],
]);

const zeroOf = ({ type }: StructuralSchema): JsonValue | undefined => zeros.get(type);

function isEmptyCollection({ additionalProperties, properties }: StructuralSchema, value: JsonValue): boolean {
  if (Array.isArray(value)) return value.length === 0;
  const isMap = additionalProperties !== undefined && properties === undefined;
  return isMap && isJsonObject(value) && Object.keys(value).length === 0;
}

function typedValue(schema: StructuralSchema, value: JsonValue, depth: number): JsonValue {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined || depth > maxDepth) return value as readonly JsonValue[];
    const list = value as readonly JsonValue[];
    const next = list.map((item) => typedValue(items, item, depth + 1));
    return next.every((item, index) => item === list[index]) ? list : next;
  }
  return isJsonObject(value) ? typedFields(schema, value, depth) : value;
}
