import {
  type CelList,
  type CelMap,
  type CelValue,
  Duration,
  isList,
  isMap,
  isOpaque,
  type ListAssociation,
  OptionalValue,
  Timestamp,
  TypeValue,
} from "./cel-value.js";
import { itemsOf } from "./collections.js";
import { compareNumbers, isNumeric } from "./numeric.js";

/** CEL's `==`: numbers by value, whatever their type; other values of different types are not equal. */
export function equal(a: CelValue, b: CelValue): boolean {
  if (a === b) return true;
  if (isNumeric(a)) return isNumeric(b) && compareNumbers(a, b) === 0;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  return equalObjects(a, b);
}

type ObjectValue = Exclude<CelValue, null | boolean | bigint | number | string>;

function equalObjects(a: ObjectValue, b: ObjectValue): boolean {
  if (isList(a)) return isList(b) && equalLists(a, b);
  if (isMap(a)) return isMap(b) && equalMaps(a, b);
  if (isOpaque(a)) return isOpaque(b) && a.opaqueType === b.opaqueType && a.equals(b);
  if (a instanceof OptionalValue) return b instanceof OptionalValue && equalOptionals(a, b);
  return equalScalars(a, b);
}

function equalScalars(a: ObjectValue, b: ObjectValue): boolean {
  if (a instanceof Uint8Array) return b instanceof Uint8Array && Buffer.compare(a, b) === 0;
  if (a instanceof Timestamp) return b instanceof Timestamp && a.nanoseconds === b.nanoseconds;
  if (a instanceof Duration) return b instanceof Duration && a.nanoseconds === b.nanoseconds;
  return a instanceof TypeValue && b instanceof TypeValue && a.name === b.name;
}

function equalOptionals({ value: a }: OptionalValue, { value: b }: OptionalValue): boolean {
  if (a === undefined || b === undefined) return a === b;
  return equal(a, b);
}

function equalLists(a: CelList, b: CelList): boolean {
  if (a.size !== b.size) return false;
  if (a.association !== undefined) return equalUnordered(a, b, a.association);
  for (let i = 0; i < a.size; i++) if (!equal(a.at(i), b.at(i))) return false;
  return true;
}

function equalUnordered(a: CelList, b: CelList, association: ListAssociation): boolean {
  const others = new Map([...itemsOf(b)].map((item) => [association.identity(item), item]));
  return [...itemsOf(a)].every((item) => {
    const other = others.get(association.identity(item));
    return other !== undefined && equal(item, other);
  });
}

function equalMaps(a: CelMap, b: CelMap): boolean {
  if (a.size !== b.size) return false;
  return a.keys().every((key) => {
    const [left, right] = [a.get(key), b.get(key)];
    return left !== undefined && right !== undefined && equal(left, right);
  });
}
