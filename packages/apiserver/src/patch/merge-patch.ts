import { badRequest, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { maxDepth } from "../schema/field-path.js";
import { ownField } from "./json-equal.js";

/** The document with a JSON merge patch applied (RFC 7386): null removes a field, objects merge, all else replaces. */
export function applyMergePatch(document: JsonValue, patch: JsonValue): JsonValue {
  return mergeAt(document, patch, 0);
}

function mergeAt(target: JsonValue | undefined, patch: JsonValue, depth: number): JsonValue {
  if (depth > maxDepth) throw badRequest(`the patch is nested deeper than ${maxDepth} levels`);
  if (!isJsonObject(patch)) return patch;
  const base: JsonObject = isJsonObject(target) ? target : {};
  const merged = new Map<string, JsonValue>(Object.entries(base));
  for (const [key, change] of Object.entries(patch)) {
    if (change === null) merged.delete(key);
    else merged.set(key, mergeAt(ownField(base, key), change, depth + 1));
  }
  return Object.fromEntries(merged);
}
