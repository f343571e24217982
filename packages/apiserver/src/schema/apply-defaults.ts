import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { fieldSchema } from "./prune.js";
import type { StructuralSchema } from "./structural-schema.js";

/**
 * The value with absent fields filled from `default`, at every level that is there
 * (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#defaulting).
 * A null where none is allowed counts as absent: it becomes the default, and without one a field of it is dropped. Returns the same
 * value when nothing changes. The value has been pruned, so its depth is bounded.
 */
export function applyDefaults(schema: StructuralSchema, value: JsonValue): JsonValue {
  if (Array.isArray(value)) return defaultItems(schema, value);
  return isJsonObject(value) ? defaultFields(schema, value) : value;
}

const isAbsent = (schema: StructuralSchema, value: JsonValue): boolean => value === null && schema.nullable !== true;

function defaultItems({ items }: StructuralSchema, value: readonly JsonValue[]): JsonValue {
  if (items === undefined) return value;
  const next = value.map((item) => applyDefaults(items, isAbsent(items, item) ? (items.default ?? item) : item));
  return next.every((item, index) => item === value[index]) ? value : next;
}

function defaultFields(schema: StructuralSchema, value: JsonObject): JsonValue {
  let isChanged = false;
  const fields: [string, JsonValue][] = [];
  for (const [key, field] of Object.entries(value)) {
    const next = defaultField(fieldSchema(schema, key), field);
    isChanged ||= next !== field;
    if (next !== undefined) fields.push([key, next]);
  }
  for (const [key, field] of Object.entries(schema.properties ?? {})) {
    if (field.default === undefined || Object.hasOwn(value, key)) continue;
    isChanged = true;
    fields.push([key, applyDefaults(field, field.default)]);
  }
  // No assignment by key: a field may be called __proto__.
  return isChanged ? Object.fromEntries(fields) : value;
}

/** Undefined when the field is to be dropped. */
function defaultField(schema: StructuralSchema | undefined, field: JsonValue): JsonValue | undefined {
  if (schema === undefined) return field;
  if (!isAbsent(schema, field)) return applyDefaults(schema, field);
  return schema.default === undefined ? undefined : applyDefaults(schema, schema.default);
}
