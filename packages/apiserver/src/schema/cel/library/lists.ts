import * as t from "../types/cel-type.js";
import { CelError, noSuchOverload } from "../values/cel-error.js";
import { type CelList, type CelValue, Duration, isList, Uint } from "../values/cel-value.js";
import { itemsOf, listOf } from "../values/collections.js";
import { requireSize } from "../values/concatenate.js";
import { equal } from "../values/equality.js";
import { checkedDuration } from "../values/time.js";
import { type FunctionTable, global, listArgument, member, type Overload, some, whole } from "./function-declaration.js";
import { checkedInt, checkedUint, compareValues } from "./operators.js";

const T = t.param("T");
const comparable = [t.int, t.uint, t.double, t.bool, t.duration, t.timestamp, t.string, t.bytes];
const summable = [t.int, t.uint, t.double, t.duration];

/** One overload for each type that has an order, as cel-go tells them in its messages. */
const onComparable = (result: (item: t.CelType) => t.CelType, run: (list: CelList) => CelValue): readonly Overload[] =>
  comparable.map((type) => member([t.list(type)], result(type), (value) => run(listArgument(value))));

function isSorted(list: CelList): boolean {
  for (let i = 1; i < list.size; i++) if (compareValues(list.at(i - 1), list.at(i)) > 0) return false;
  return true;
}

function extreme(list: CelList, name: string, isBetter: (order: number) => boolean): CelValue {
  if (list.size === 0) throw new CelError(`${name} called on empty list`);
  return [...itemsOf(list)].reduce((best, item) => (isBetter(compareValues(item, best)) ? item : best), list.at(0));
}

function added(a: CelValue, b: CelValue): CelValue {
  if (typeof a === "bigint" && typeof b === "bigint") return checkedInt(a + b);
  if (typeof a === "number" && typeof b === "number") return a + b;
  if (a instanceof Uint && b instanceof Uint) return checkedUint(a.value + b.value);
  if (a instanceof Duration && b instanceof Duration) return checkedDuration(a.nanoseconds + b.nanoseconds);
  throw noSuchOverload();
}

const sumOf =
  (zero: CelValue) =>
  (list: CelList): CelValue =>
    [...itemsOf(list)].reduce((sum, item) => added(sum, item), zero);

const zeros: readonly (readonly [t.CelType, CelValue])[] = [
  [t.int, 0n],
  [t.uint, new Uint(0n)],
  [t.double, 0],
  [t.duration, new Duration(0n)],
];

function indexIn(list: CelList, wanted: CelValue, isLast: boolean): bigint {
  const items = [...itemsOf(list)];
  const same = (item: CelValue): boolean => equal(item, wanted);
  return BigInt(isLast ? items.findLastIndex(same) : items.findIndex(same));
}

function slice(list: CelList, start: bigint, end: bigint): CelList {
  if (start < 0n || end < 0n) throw new CelError(`cannot slice(${start}, ${end}), negative indexes not supported`);
  if (start > end) throw new CelError(`cannot slice(${start}, ${end}), start index must be less than or equal to end index`);
  if (end > BigInt(list.size)) throw new CelError(`cannot slice(${start}, ${end}), list is length ${list.size}`);
  return listOf([...itemsOf(list)].slice(Number(start), Number(end)));
}

function flattened(list: CelList, depth: bigint, into: CelValue[]): readonly CelValue[] {
  for (const item of itemsOf(list)) {
    if (isList(item) && depth > 0n) flattened(item, depth - 1n, into);
    else into.push(item);
    requireSize(into.length * 8);
  }
  return into;
}

function flatten(list: CelList, depth: bigint): CelList {
  if (depth < 0n) throw new CelError("level must be non-negative");
  return listOf(flattened(list, depth > 32n ? 32n : depth, []));
}

function distinct(list: CelList): CelList {
  const seen: CelValue[] = [];
  for (const item of itemsOf(list)) if (!seen.some((other) => equal(item, other))) seen.push(item);
  return listOf(seen);
}

function range(size: bigint): CelList {
  if (size < 0n) throw new CelError("lists.range: size must not be negative");
  if (size > 100_000n) throw new CelError("lists.range: result is too large");
  return listOf(Array.from({ length: Math.max(0, Number(size)) }, (_, index) => BigInt(index)));
}

const sorted = (list: CelList): CelList => listOf([...itemsOf(list)].sort((a, b) => compareValues(a, b)));

/** What `sortBy` expands to: the items in the order of their keys. */
function sortedBy(list: CelList, keys: CelList): CelList {
  const order = Array.from({ length: Math.min(list.size, keys.size) }, (_, index) => index);
  return listOf(order.toSorted((a, b) => compareValues(keys.at(a), keys.at(b))).map((index) => list.at(index)));
}

/** Kubernetes' functions of lists, and cel-go's extension. */
export const listFunctions: FunctionTable = {
  isSorted: onComparable(() => t.bool, isSorted),
  min: onComparable(
    (item) => item,
    (list) => extreme(list, "min", (order) => order < 0),
  ),
  max: onComparable(
    (item) => item,
    (list) => extreme(list, "max", (order) => order > 0),
  ),
  sum: summable.map((type) => {
    const zero = zeros.find(([of]) => of === type)?.[1] ?? 0n;
    return member([t.list(type)], type, (list) => sumOf(zero)(listArgument(list)));
  }),
  indexOf: [member([t.list(T), T], t.int, (list, item) => indexIn(listArgument(list), some(item), false))],
  lastIndexOf: [member([t.list(T), T], t.int, (list, item) => indexIn(listArgument(list), some(item), true))],
  includes: [member([t.list(T), T], t.bool, (list, item) => indexIn(listArgument(list), some(item), false) >= 0n)],
  slice: [member([t.list(T), t.int, t.int], t.list(T), (list, start, end) => slice(listArgument(list), whole(start), whole(end)))],
  flatten: [
    member([t.list(t.list(T))], t.list(T), (list) => flatten(listArgument(list), 1n)),
    member([t.list(t.dyn), t.int], t.list(t.dyn), (list, depth) => flatten(listArgument(list), whole(depth))),
  ],
  sort: [member([t.list(T)], t.list(T), (list) => sorted(listArgument(list)))],
  "@sortByAssociatedKeys": [member([t.list(T), t.list(t.param("K"))], t.list(T), (list, keys) => sortedBy(listArgument(list), listArgument(keys)))],
  distinct: [member([t.list(T)], t.list(T), (list) => distinct(listArgument(list)))],
  reverse: [member([t.list(T)], t.list(T), (list) => listOf([...itemsOf(listArgument(list))].reverse()))],
  "lists.range": [global([t.int], t.list(t.int), (size) => range(whole(size)))],
};
