import type { JsonValue } from "@dataplane/meta";
import type { StructuralSchema } from "../schema/structural-schema.js";
import { ownField } from "./json-equal.js";
import { mergeOrder } from "./merge-order.js";
import { fieldsOf, fieldType, itemStep, itemsOf, itemType, shapeOf } from "./typed-value.js";

type Value = JsonValue | undefined;

/** The live value with an applied configuration merged into it: the configuration wins at each leaf, the rest stays. */
export function typedMerge(schema: StructuralSchema, live: Value, applied: Value): Value {
  if (applied === undefined) return live;
  if (live === undefined || live === null) return applied;
  // Null is an empty map or list: it has nothing to say of what is in there.
  if (applied === null) return shapeOf(schema, live) === "leaf" || Object.keys(live).length === 0 ? applied : live;
  const shape = shapeOf(schema, applied);
  if (shape === "leaf" || shapeOf(schema, live) !== shape || Array.isArray(live) !== Array.isArray(applied)) return applied;
  return shape === "map" ? mergeFields(schema, live, applied) : mergeItems(schema, itemsOf(live), itemsOf(applied));
}

function mergeFields(schema: StructuralSchema, live: JsonValue, applied: JsonValue): JsonValue {
  const [old, next] = [fieldsOf(live), fieldsOf(applied)];
  const merged = new Map<string, JsonValue>(Object.entries(old));
  for (const name of Object.keys(next)) {
    const value = typedMerge(fieldType(schema, name), ownField(old, name), ownField(next, name));
    if (value !== undefined) merged.set(name, value);
  }
  return Object.fromEntries(merged);
}

function mergeItems(schema: StructuralSchema, live: readonly JsonValue[], applied: readonly JsonValue[]): JsonValue {
  const name = (item: JsonValue, index: number): string => itemStep(schema, item) ?? `i:${index}`;
  const lives = live.map((item, index) => ({ step: name(item, index), item }));
  const applies = applied.map((item, index) => ({ step: name(item, index), item }));
  const wanted = new Map(applies.map(({ step, item }) => [step, item]));
  return mergeOrder(lives, applies).flatMap(({ step, item, taken }) => {
    // `taken` is a live item that nobody applied: it stays as it is.
    const value = taken ? item : typedMerge(itemType(schema), item, wanted.get(step));
    return value === undefined ? [] : [value];
  });
}
