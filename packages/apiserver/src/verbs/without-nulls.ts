import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { maxDepth } from "../schema/field-path.js";
import { fieldSchema } from "../schema/prune.js";
import type { StructuralSchema } from "../schema/structural-schema.js";

/** The object without fields that are null and that the schema does not let be null. The same object when there is none. */
export function withoutNulls(schema: StructuralSchema, object: JsonObject): JsonObject {
  return fieldsWithoutNulls(schema, object, 0);
}

function fieldsWithoutNulls(schema: StructuralSchema, object: JsonObject, depth: number): JsonObject {
  // What is nested deeper is refused by those who come after.
  if (depth > maxDepth) return object;
  let changed = false;
  const kept: [string, JsonValue][] = [];
  for (const [key, value] of Object.entries(object)) {
    const field = fieldSchema(schema, key);
    if (value === null && field !== undefined && isTyped(field) && field.nullable !== true) {
      changed = true;
      continue;
    }
    const next = field === undefined ? value : valueWithoutNulls(field, value, depth + 1);
    changed ||= next !== value;
    kept.push([key, next]);
  }
  return changed ? Object.fromEntries(kept) : object;
}

/** An open field may hold anything, null too. */
const isTyped = ({ type, "x-kubernetes-int-or-string": intOrString }: StructuralSchema): boolean => type !== undefined || intOrString === true;

function valueWithoutNulls(schema: StructuralSchema, value: JsonValue, depth: number): JsonValue {
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined || depth > maxDepth) return value;
    const next = (value as readonly JsonValue[]).map((item) => valueWithoutNulls(items, item, depth + 1));
    return next.every((item, index) => item === value[index]) ? value : next;
  }
  return isJsonObject(value) ? fieldsWithoutNulls(schema, value, depth) : value;
}
