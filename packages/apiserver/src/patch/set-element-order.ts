import { isJsonObject, type JsonValue } from "@dataplane/meta";
import { ownField } from "./json-equal.js";

/**
 * The list in the order that `$setElementOrder` asks for: items it names come in its order, others keep their
 * place relative to the item before them.
 */
export function orderBySetElementOrder(list: readonly JsonValue[], order: readonly JsonValue[], mergeKey: string | undefined): readonly JsonValue[] {
  const identity = (item: JsonValue): string => {
    const key = mergeKey !== undefined && mergeKey !== "" && isJsonObject(item) ? ownField(item, mergeKey) : item;
    return JSON.stringify(key ?? null);
  };
  const wanted = new Map(order.map((item, index) => [identity(item), index]));
  const named = list.filter((item) => wanted.has(identity(item)));
  named.sort((a, b) => (wanted.get(identity(a)) ?? 0) - (wanted.get(identity(b)) ?? 0));
  const places = list.map((item) => wanted.has(identity(item)));
  let next = 0;
  return list.map((item, index) => (places[index] === true ? (named[next++] ?? item) : item));
}
