import { maxInt, maxUint, minInt } from "../syntax/numbers.js";
import * as t from "../types/cel-type.js";
import { CelError, intOverflow, noSuchKey, noSuchOverload, outOfBounds } from "../values/cel-error.js";
import { type CelList, type CelMap, type CelValue, Duration, isList, isMap, noValue, OptionalValue, Timestamp, Uint } from "../values/cel-value.js";
import { itemsOf } from "../values/collections.js";
import { concatenated } from "../values/concatenate.js";
import { equal } from "../values/equality.js";
import { compareNumbers, isNumeric, type Numeric } from "../values/numeric.js";
import { checkedDuration, checkedTimestamp } from "../values/time.js";
import { type FunctionTable, global, type Overload } from "./function-declaration.js";

/** A signed integer of 64 bits. Throws CelError. */
export function checkedInt(value: bigint): bigint {
  if (value < minInt || value > maxInt) throw intOverflow();
  return value;
}

export function checkedUint(value: bigint): Uint {
  if (value < 0n || value > maxUint) throw new CelError("unsigned integer overflow");
  return new Uint(value);
}

type Arithmetic = (a: bigint, b: bigint) => bigint;

/** One operator on int, uint and, when it has a meaning there, double. */
function arithmetic(onWhole: Arithmetic, onDouble?: (a: number, b: number) => number): readonly Overload[] {
  const overloads = [
    global([t.int, t.int], t.int, (a, b) => (typeof a === "bigint" && typeof b === "bigint" ? checkedInt(onWhole(a, b)) : mismatch())),
    global([t.uint, t.uint], t.uint, (a, b) => (a instanceof Uint && b instanceof Uint ? checkedUint(onWhole(a.value, b.value)) : mismatch())),
  ];
  if (onDouble === undefined) return overloads;
  return [
    ...overloads,
    global([t.double, t.double], t.double, (a, b) => (typeof a === "number" && typeof b === "number" ? onDouble(a, b) : mismatch())),
  ];
}

function mismatch(): never {
  throw noSuchOverload();
}

function divisible(divisor: bigint, word: string): bigint {
  if (divisor === 0n) throw new CelError(word);
  return divisor;
}

/** A time keeps the zone that it was written in. */
const zoneOf = (value: CelValue | undefined): number => (value instanceof Timestamp ? value.offsetMinutes : 0);

const nanos = (value: CelValue | undefined): bigint => (value instanceof Timestamp || value instanceof Duration ? value.nanoseconds : mismatch());

const ordered: readonly (readonly [t.CelType, t.CelType])[] = [
  ...[t.bool, t.string, t.bytes, t.timestamp, t.duration].map((type) => [type, type] as const),
  ...[t.int, t.uint, t.double].flatMap((a) => [t.int, t.uint, t.double].map((b) => [a, b] as const)),
];

function orderOf(a: Numeric, b: Numeric): number {
  const order = compareNumbers(a, b);
  if (Number.isNaN(order)) throw new CelError("NaN values cannot be ordered");
  return order;
}

/** Negative, 0 or positive. Throws CelError for values that have no order. */
export function compareValues(a: CelValue, b: CelValue): number {
  if (isNumeric(a) && isNumeric(b)) return orderOf(a, b);
  if (typeof a === "string" && typeof b === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  if ((a instanceof Timestamp && b instanceof Timestamp) || (a instanceof Duration && b instanceof Duration)) {
    return a.nanoseconds < b.nanoseconds ? -1 : Number(a.nanoseconds > b.nanoseconds);
  }
  throw noSuchOverload();
}

const comparison = (holds: (order: number) => boolean): readonly Overload[] =>
  ordered.map((params) => global(params, t.bool, (a = null, b = null) => holds(compareValues(a, b))));

const [T, K] = [t.param("T"), t.param("K")];

const contains = (list: CelList, value: CelValue): boolean => [...itemsOf(list)].some((item) => equal(item, value));

function entry(map: CelMap, key: CelValue): CelValue {
  const value = map.get(key);
  if (value === undefined) throw noSuchKey(key);
  return value;
}

function itemAt(list: CelList, index: CelValue): CelValue {
  const position = wholeNumber(index);
  if (position < 0n || position >= BigInt(list.size)) throw outOfBounds(position);
  return list.at(Number(position));
}

/** A double that is whole may be an index. */
function wholeNumber(index: CelValue): bigint {
  if (typeof index === "bigint") return index;
  if (index instanceof Uint) return index.value;
  if (typeof index === "number" && Number.isInteger(index)) return BigInt(index);
  throw new CelError("unsupported index type");
}

/** `container[key]`, also of a field of an object. Throws CelError. */
export function valueAt(container: CelValue, key: CelValue): CelValue {
  if (isList(container)) return itemAt(container, key);
  if (isMap(container)) return entry(container, key);
  if (container instanceof OptionalValue) return optionalAt(container, key);
  throw noSuchOverload();
}

/** `container[?key]` and `container.?key`: none instead of an error. */
export function optionalAt(container: CelValue, key: CelValue): OptionalValue {
  if (container instanceof OptionalValue) return container.value === undefined ? noValue : optionalAt(container.value, key);
  if (isMap(container)) return new OptionalValue(container.get(key));
  if (!isList(container)) throw noSuchOverload();
  const position = wholeNumber(key);
  return position < 0n || position >= BigInt(container.size) ? noValue : new OptionalValue(container.at(Number(position)));
}

const listAccess = (
  list: t.CelType,
  map: t.CelType,
  result: t.CelType,
  run: (container: CelValue, key: CelValue) => CelValue,
): readonly Overload[] => [
  global([list, t.int], result, (a = null, b = null) => run(a, b)),
  global([map, K], result, (a = null, b = null) => run(a, b)),
];

/** `+ - * / % == != < <= > >= in ! [ ]` and the rest of what is written with signs. */
export const operators: FunctionTable = {
  "_+_": [
    ...arithmetic(
      (a, b) => a + b,
      (a, b) => a + b,
    ),
    ...[t.string, t.bytes, t.list(T)].map((type) => global([type, type], type, (a = null, b = null) => concatenated(a, b))),
    global([t.timestamp, t.duration], t.timestamp, (a, b) => checkedTimestamp(nanos(a) + nanos(b), zoneOf(a))),
    global([t.duration, t.timestamp], t.timestamp, (a, b) => checkedTimestamp(nanos(a) + nanos(b), zoneOf(b))),
    global([t.duration, t.duration], t.duration, (a, b) => checkedDuration(nanos(a) + nanos(b))),
  ],
  "_-_": [
    ...arithmetic(
      (a, b) => a - b,
      (a, b) => a - b,
    ),
    global([t.timestamp, t.timestamp], t.duration, (a, b) => checkedDuration(nanos(a) - nanos(b))),
    global([t.timestamp, t.duration], t.timestamp, (a, b) => checkedTimestamp(nanos(a) - nanos(b), zoneOf(a))),
    global([t.duration, t.duration], t.duration, (a, b) => checkedDuration(nanos(a) - nanos(b))),
  ],
  "_*_": arithmetic(
    (a, b) => a * b,
    (a, b) => a * b,
  ),
  "_/_": arithmetic(
    (a, b) => a / divisible(b, "division by zero"),
    (a, b) => a / b,
  ),
  "_%_": arithmetic((a, b) => (a === minInt && b === -1n ? -a : a % divisible(b, "modulus by zero"))),
  "-_": [
    global([t.int], t.int, (a) => (typeof a === "bigint" ? checkedInt(-a) : mismatch())),
    global([t.double], t.double, (a) => (typeof a === "number" ? -a : mismatch())),
  ],
  "!_": [global([t.bool], t.bool, (a) => (typeof a === "boolean" ? !a : mismatch()))],
  "_==_": [global([T, T], t.bool, (a = null, b = null) => equal(a, b))],
  "_!=_": [global([T, T], t.bool, (a = null, b = null) => !equal(a, b))],
  "_<_": comparison((order) => order < 0),
  "_<=_": comparison((order) => order <= 0),
  "_>_": comparison((order) => order > 0),
  "_>=_": comparison((order) => order >= 0),
  "@in": [
    global([T, t.list(T)], t.bool, (item = null, list = null) => (isList(list) ? contains(list, item) : mismatch())),
    global([K, t.map(K, T)], t.bool, (key = null, map = null) => (isMap(map) ? map.get(key) !== undefined : mismatch())),
  ],
  "_[_]": [...listAccess(t.list(T), t.map(K, T), T, valueAt), ...listAccess(t.optional(t.list(T)), t.optional(t.map(K, T)), t.optional(T), valueAt)],
  "_[?_]": [
    ...listAccess(t.list(T), t.map(K, T), t.optional(T), optionalAt),
    ...listAccess(t.optional(t.list(T)), t.optional(t.map(K, T)), t.optional(T), optionalAt),
  ],
  "_&&_": [global([t.bool, t.bool], t.bool, mismatch)],
  "_||_": [global([t.bool, t.bool], t.bool, mismatch)],
  "_?_:_": [global([t.bool, T, T], T, mismatch)],
  "@not_strictly_false": [global([t.bool], t.bool, mismatch)],
  "cel.@mapInsert": [global([t.map(K, T), K, T], t.map(K, T), mismatch), global([t.map(K, T), t.map(K, T)], t.map(K, T), mismatch)],
};
