import type { JsonValue } from "@dataplane/meta";
import type { StructuralSchema } from "../schema/structural-schema.js";
import { childOf, type FieldSet, fieldStep, isEmpty } from "./field-set.js";
import { fieldsOf, fieldType, itemStep, itemsOf, itemType, shapeOf } from "./typed-value.js";

/** The value without the members of `gone`. A map or list that loses all it has becomes null, as in Kubernetes. */
export function removeItems(schema: StructuralSchema, value: JsonValue, gone: FieldSet): JsonValue {
  if (Array.isArray(value)) return removeFromList(schema, value, gone);
  if (typeof value !== "object" || value === null) return value;
  if (shapeOf(schema, value) === "leaf") return null;
  const kept = Object.entries(fieldsOf(value)).flatMap(([name, field]): [string, JsonValue][] => {
    const below = childOf(gone, fieldStep(name));
    if (below.member) return [];
    return [[name, below.children.size === 0 ? field : removeItems(fieldType(schema, name), field, below)]];
  });
  return kept.length === 0 ? null : Object.fromEntries(kept);
}

function removeFromList(schema: StructuralSchema, value: JsonValue, gone: FieldSet): JsonValue {
  if (shapeOf(schema, value) === "leaf") return null;
  const kept = itemsOf(value).flatMap((item): JsonValue[] => {
    const step = itemStep(schema, item);
    const below = step === undefined ? undefined : childOf(gone, step);
    if (below === undefined || isEmpty(below)) return [item];
    return below.member ? [] : [removeItems(itemType(schema), item, below)];
  });
  return kept.length === 0 ? null : kept;
}
