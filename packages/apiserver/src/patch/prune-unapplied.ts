import type { JsonValue } from "@dataplane/meta";
import type { StructuralSchema } from "../schema/structural-schema.js";
import { difference, type FieldSet, intersection, isEmpty, union } from "./field-set.js";
import { fieldSetOf, withNamedFields } from "./field-set-of.js";
import { removeItems } from "./remove-items.js";

/**
 * Removes from `merged` what its applier had in `last` and nobody has in `owned`. An item that others own a part of,
 * or that has parts nobody applied, stays.
 */
export function pruneUnapplied(input: {
  readonly schema: StructuralSchema;
  readonly merged: JsonValue;
  readonly last: FieldSet;
  readonly owned: FieldSet;
}): JsonValue {
  const { schema, merged, owned } = input;
  if (isEmpty(input.last)) return merged;
  const named = (set: FieldSet): FieldSet => withNamedFields(schema, set);
  const last = named(input.last);
  const all = named(fieldSetOf(schema, merged));
  const without = (gone: FieldSet): { readonly value: JsonValue; readonly set: FieldSet } => {
    const value = removeItems(schema, merged, gone);
    return { value, set: named(fieldSetOf(schema, value)) };
  };
  const bare = without(last);
  const withOwned = without(difference(all, union(bare.set, named(owned))));
  return removeItems(schema, merged, intersection(difference(all, withOwned.set), last));
}
