import { isJsonObject, type JsonValue } from "@dataplane/meta";
import { ownField } from "./json-equal.js";

/**
 * A merged list in the order that the patch asks for (`$setElementOrder`, or the patch's own list): items it names come in
 * its order, each of the others before the first named one that stood behind it in the `live` list.
 */
export function orderMerged(input: {
  readonly merged: readonly JsonValue[];
  readonly live: readonly JsonValue[];
  readonly order: readonly JsonValue[];
  /** "" for a list of primitive values. */
  readonly mergeKey: string;
}): readonly JsonValue[] {
  const { merged, live, order, mergeKey } = input;
  const identity = (item: JsonValue): string => JSON.stringify((mergeKey !== "" && isJsonObject(item) ? ownField(item, mergeKey) : item) ?? null);
  const wanted = new Map(order.map((item, index) => [identity(item), index]));
  const places = new Map(live.map((item, index) => [identity(item), index]));
  const position = (item: JsonValue): number => wanted.get(identity(item)) ?? 0;
  const named = merged.filter((item) => wanted.has(identity(item))).toSorted((a, b) => position(a) - position(b));
  const others = merged.filter((item) => !wanted.has(identity(item)));
  const result: JsonValue[] = [];
  for (const item of named) {
    const place = places.get(identity(item));
    while (place !== undefined && others[0] !== undefined && (places.get(identity(others[0])) ?? Infinity) < place)
      result.push(...others.splice(0, 1));
    result.push(item);
  }
  return [...result, ...others];
}
