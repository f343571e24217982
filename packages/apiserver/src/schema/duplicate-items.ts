import { isJsonObject, type JsonValue } from "@dataplane/meta";
import type { StructuralSchema } from "./structural-schema.js";

/** Items of a set or map list that an earlier item equals, with what makes them equal: the value, or its keys. */
export function duplicateItems(
  schema: StructuralSchema,
  items: readonly JsonValue[],
): readonly { readonly index: number; readonly item: JsonValue }[] {
  const listType = schema["x-kubernetes-list-type"];
  if (listType !== "set" && listType !== "map") return [];
  const seen = new Set<string>();
  const found: { index: number; item: JsonValue }[] = [];
  for (const [index, item] of items.entries()) {
    const identity = listType === "set" ? item : keysOf(schema, item);
    const text = canonicalText(identity);
    if (seen.has(text)) found.push({ index, item: identity });
    seen.add(text);
  }
  return found;
}

/** Whether an item occurs twice, whatever the kind of list. */
export const repeatsItem = (items: readonly JsonValue[]): boolean => new Set(items.map(canonicalText)).size < items.length;

/** The same text for the same value: the order of keys means nothing. */
const canonicalText = (value: JsonValue): string =>
  JSON.stringify(value, (_key, part: JsonValue) =>
    isJsonObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );

function keysOf(schema: StructuralSchema, item: JsonValue): JsonValue {
  if (!isJsonObject(item)) return item;
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  return Object.fromEntries(keys.flatMap((key) => (Object.hasOwn(item, key) ? [[key, item[key] ?? null]] : [])));
}
