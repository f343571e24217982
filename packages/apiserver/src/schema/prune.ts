import { badRequest, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { fieldPath, itemPath, maxDepth } from "./field-path.js";
import { objectMetaSchema } from "./object-meta-schema.js";
import type { StructuralSchema } from "./structural-schema.js";

export interface Pruned {
  readonly value: JsonValue;
  /** Paths of the fields that were dropped, such as `spec.services[0].x`. */
  readonly unknown: readonly string[];
}

/**
 * The value without the fields that the schema does not know. What a schema leaves open
 * (`x-kubernetes-preserve-unknown-fields`, no type at all) is kept; named fields below it are still pruned.
 * Returns the same value when nothing is dropped. Throws BadRequest when it is nested too deep.
 */
export function prune(schema: StructuralSchema, value: JsonValue): Pruned {
  const unknown: string[] = [];
  return { value: pruneAt(schema, value, { path: "", depth: 0, unknown }), unknown };
}

interface Place {
  readonly path: string;
  readonly depth: number;
  readonly unknown: string[];
}

function pruneAt(schema: StructuralSchema, value: JsonValue, place: Place): JsonValue {
  if (place.depth > maxDepth) throw badRequest(`${place.path.slice(0, 80)}: nested deeper than ${maxDepth} levels`);
  if (Array.isArray(value)) return pruneItems(schema, value, place);
  if (isJsonObject(value)) return pruneFields(schema, value, place);
  return value;
}

function pruneItems(schema: StructuralSchema, value: readonly JsonValue[], place: Place): JsonValue {
  const items = schema.items ?? open;
  const next = value.map((item, index) => pruneAt(items, item, { ...place, path: itemPath(place.path, index), depth: place.depth + 1 }));
  return next.every((item, index) => item === value[index]) ? value : next;
}

function pruneFields(schema: StructuralSchema, value: JsonObject, place: Place): JsonValue {
  let changed = false;
  const kept: [string, JsonValue][] = [];
  for (const [key, field] of Object.entries(value)) {
    const path = fieldPath(place.path, key);
    const known = fieldSchema(schema, key);
    if (known === undefined) {
      place.unknown.push(path);
      changed = true;
      continue;
    }
    const next = pruneAt(known, field, { ...place, path, depth: place.depth + 1 });
    changed ||= next !== field;
    kept.push([key, next]);
  }
  return changed ? Object.fromEntries(kept) : value;
}

const open: StructuralSchema = { "x-kubernetes-preserve-unknown-fields": true, nullable: true };

/** The schema of the field `key` of an object; undefined when the schema does not allow it. */
export function fieldSchema(schema: StructuralSchema, key: string): StructuralSchema | undefined {
  if (isEmbedded(schema) && key === "metadata") return objectMetaSchema;
  if (schema.properties !== undefined && Object.hasOwn(schema.properties, key)) return schema.properties[key];
  if (isEmbedded(schema) && (key === "apiVersion" || key === "kind")) return text;
  const additional = schema.additionalProperties;
  if (typeof additional === "object") return additional;
  if (additional === true || schema["x-kubernetes-preserve-unknown-fields"] === true) return open;
  return schema.type === undefined && schema.properties === undefined ? open : undefined;
}

const text: StructuralSchema = { type: "string" };

const isEmbedded = (schema: StructuralSchema): boolean => schema["x-kubernetes-embedded-resource"] === true;
