import * as t from "../types/cel-type.js";
import { CelError, noSuchOverload } from "../values/cel-error.js";
import { type CelValue, Duration, isList, isMap, noValue, OptionalValue, Timestamp, Uint } from "../values/cel-value.js";
import { itemsOf, listOf } from "../values/collections.js";
import { type FunctionTable, global, listArgument, member, some } from "./function-declaration.js";

const T = t.param("T");
const maybe = t.optional(T);

function optionalArgument(value: CelValue | undefined): OptionalValue {
  if (value instanceof OptionalValue) return value;
  throw noSuchOverload();
}

function requireValue(value: CelValue | undefined): CelValue {
  const held = optionalArgument(value).value;
  if (held === undefined) throw new CelError("optional.none() dereference");
  return held;
}

function isZero(value: CelValue): boolean {
  if (value === null || value === false || value === "" || value === 0n || value === 0) return true;
  if (value instanceof Uint) return value.value === 0n;
  if (value instanceof Duration || value instanceof Timestamp) return value.nanoseconds === 0n;
  if (value instanceof Uint8Array) return value.length === 0;
  return (isList(value) || isMap(value)) && value.size === 0;
}

/** Optional values (https://pkg.go.dev/github.com/google/cel-go/cel#OptionalTypes). */
export const optionalFunctions: FunctionTable = {
  "optional.of": [global([T], maybe, (value) => new OptionalValue(some(value)))],
  "optional.ofNonZeroValue": [global([T], maybe, (value) => (isZero(some(value)) ? noValue : new OptionalValue(some(value))))],
  "optional.none": [global([], maybe, () => noValue)],
  "optional.unwrap": [global([t.list(maybe)], t.list(T), unwrapped)],
  unwrapOpt: [member([t.list(maybe)], t.list(T), unwrapped)],
  hasValue: [member([maybe], t.bool, (value) => optionalArgument(value).value !== undefined)],
  value: [member([maybe], T, requireValue)],
  or: [
    member([maybe, maybe], maybe, (value, other) =>
      optionalArgument(value).value === undefined ? optionalArgument(other) : optionalArgument(value),
    ),
  ],
  orValue: [member([maybe, T], T, (value, other) => optionalArgument(value).value ?? fallback(value, other))],
  first: [member([t.list(T)], maybe, (list) => itemOrNone(list, 0))],
  last: [member([t.list(T)], maybe, (list) => itemOrNone(list, listArgument(list).size - 1))],
};

/** Null is a value: `??` alone would take it for none. */
const fallback = (value: CelValue | undefined, other: CelValue | undefined): CelValue =>
  optionalArgument(value).value === null ? null : some(other);

function itemOrNone(value: CelValue | undefined, index: number): OptionalValue {
  const list = listArgument(value);
  return index < 0 || index >= list.size ? noValue : new OptionalValue(list.at(index));
}

function unwrapped(value: CelValue | undefined): CelValue {
  return listOf([...itemsOf(listArgument(value))].flatMap((item) => (item instanceof OptionalValue && item.value !== undefined ? [item.value] : [])));
}
