import { type CelValue, Uint } from "./cel-value.js";

export type Numeric = bigint | number | Uint;

export const isNumeric = (value: CelValue): value is Numeric => typeof value === "bigint" || typeof value === "number" || value instanceof Uint;

const plain = (value: Numeric): bigint | number => (value instanceof Uint ? value.value : value);

/** Negative, 0 or positive; NaN when one of them is. JavaScript compares bigint and number by their exact values. */
export function compareNumbers(a: Numeric, b: Numeric): number {
  const [left, right] = [plain(a), plain(b)];
  if (left < right) return -1;
  if (left > right) return 1;
  // A bigint and a number of the same value are neither less nor greater; NaN is neither as well.
  return Number.isNaN(left) || Number.isNaN(right) ? Number.NaN : 0;
}
