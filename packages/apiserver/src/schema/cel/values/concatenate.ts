import { CelError, noSuchOverload } from "./cel-error.js";
import { type CelList, type CelValue, isList, type ListAssociation } from "./cel-value.js";
import { ArrayList, itemsOf } from "./collections.js";

/** Longer results are refused: a few additions double a value past any memory. Three times the largest request. */
export const largestResult = 10_000_000;

/** `a + b` of strings, bytes or lists. Throws CelError. */
export function concatenated(a: CelValue, b: CelValue): CelValue {
  if (typeof a === "string" && typeof b === "string") {
    requireSize(a.length + b.length);
    return a + b;
  }
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    requireSize(a.length + b.length);
    return Buffer.concat([a, b]);
  }
  if (!isList(a) || !isList(b)) throw noSuchOverload();
  requireSize((a.size + b.size) * 8);
  return a.association === undefined ? new ArrayList([...itemsOf(a), ...itemsOf(b)]) : merged(a, b, a.association);
}

/** Throws CelError when a value would have more bytes than {@link largestResult}. */
export function requireSize(size: number): void {
  if (size > largestResult) throw new CelError("result is too large");
}

/** Sets take in what they lack; map lists replace what has the same keys, at its place. */
function merged(a: CelList, b: CelList, association: ListAssociation): CelList {
  const byIdentity = new Map([...itemsOf(a)].map((item) => [association.identity(item), item]));
  for (const item of itemsOf(b)) byIdentity.set(association.identity(item), item);
  return new ArrayList([...byIdentity.values()], association);
}
