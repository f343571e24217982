import { isJsonObject, type JsonValue } from "@dataplane/meta";

/** Whether two values of JSON are the same, whatever the order of their keys. Their depth is bounded: both have been pruned. */
export function sameJson(a: JsonValue, b: JsonValue): boolean {
  if (a === b) return true;
  if (isList(a)) return isList(b) && a.length === b.length && a.every((item, index) => sameJson(item, b[index] ?? null));
  if (!isJsonObject(a) || !isJsonObject(b) || isList(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key] ?? null, b[key] ?? null));
}

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);
