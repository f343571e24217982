import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { fieldSchema } from "./prune.js";
import type { StructuralSchema } from "./structural-schema.js";

/**
 * The value with absent fields filled from `default`, at every level that is there
 * (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#defaulting).
 * A null in a field that has a default and is not nullable counts as absent. Returns the same value when nothing changes.
 * The value has been pruned, so its depth is bounded.
 */
export function applyDefaults(schema: StructuralSchema, value: JsonValue): JsonValue {
  if (Array.isArray(value)) return defaultItems(schema, value);
  return isJsonObject(value) ? defaultFields(schema, value) : value;
}

function defaultItems({ items }: StructuralSchema, value: readonly JsonValue[]): JsonValue {
  if (items === undefined) return value;
  const next = value.map((item) => applyDefaults(items, item));
  return next.every((item, index) => item === value[index]) ? value : next;
}

function defaultFields(schema: StructuralSchema, value: JsonObject): JsonValue {
  const changes: [string, JsonValue][] = [];
  for (const [key, field] of Object.entries(schema.properties ?? {})) {
    const missing = !Object.hasOwn(value, key) || (value[key] === null && field.nullable !== true);
    if (missing && field.default !== undefined) changes.push([key, applyDefaults(field, field.default)]);
  }
  const filled = new Set(changes.map(([key]) => key));
  for (const [key, field] of Object.entries(value)) {
    const known = filled.has(key) ? undefined : fieldSchema(schema, key);
    const next = known === undefined ? field : applyDefaults(known, field);
    if (next !== field) changes.push([key, next]);
  }
  return changes.length === 0 ? value : Object.fromEntries([...Object.entries(value), ...changes]);
}
