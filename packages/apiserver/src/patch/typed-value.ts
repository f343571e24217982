import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { fieldSchema } from "../schema/prune.js";
import type { StructuralSchema } from "../schema/structural-schema.js";
import { keyStep, valueStep } from "./field-set.js";

/** How server-side apply sees a value: one leaf, a map of fields, or a list whose items have names of their own. */
export type Shape = "leaf" | "map" | "list";

const open: StructuralSchema = { "x-kubernetes-preserve-unknown-fields": true };

/**
 * Maps are granular and lists atomic unless the schema says otherwise
 * (https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy).
 * An object type that says nothing of its fields is one leaf.
 */
export function shapeOf(schema: StructuralSchema, value: JsonValue | undefined): Shape {
  if (Array.isArray(value)) return isAssociative(schema) ? "list" : "leaf";
  if (!isJsonObject(value)) return "leaf";
  if (schema["x-kubernetes-map-type"] === "atomic") return "leaf";
  const says =
    schema.properties !== undefined || schema.additionalProperties !== undefined || schema["x-kubernetes-preserve-unknown-fields"] === true;
  return says || schema["x-kubernetes-embedded-resource"] === true || schema.type === undefined ? "map" : "leaf";
}

const isAssociative = (schema: StructuralSchema): boolean => schema["x-kubernetes-list-type"] === "set" || schema["x-kubernetes-list-type"] === "map";

export const fieldType = (schema: StructuralSchema, name: string): StructuralSchema => fieldSchema(schema, name) ?? open;
export const itemType = (schema: StructuralSchema): StructuralSchema => schema.items ?? open;

/** Whether the schema names the field, so that its parent owns nothing by having it. */
export const isNamed = (schema: StructuralSchema, name: string): boolean => schema.properties !== undefined && Object.hasOwn(schema.properties, name);

export const fieldsOf = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) && !Array.isArray(value) ? value : {});
export const itemsOf = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? (value as readonly JsonValue[]) : []);

/** The step that names an item of a set or map list; undefined when the item cannot be named. */
export function itemStep(schema: StructuralSchema, item: JsonValue): string | undefined {
  if (schema["x-kubernetes-list-type"] === "set") return typeof item === "object" ? undefined : valueStep(item);
  if (!isJsonObject(item)) return undefined;
  const types = itemType(schema).properties ?? {};
  const keys = (schema["x-kubernetes-list-map-keys"] ?? []).flatMap((key): (readonly [string, JsonValue])[] => {
    const value = Object.hasOwn(item, key) ? item[key] : types[key]?.default;
    return value === undefined ? [] : [[key, value]];
  });
  return keys.length === 0 ? undefined : keyStep(keys);
}
