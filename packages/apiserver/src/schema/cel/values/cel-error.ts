import type { CelValue } from "./cel-value.js";
import { typeNameOf } from "./type-names.js";

/** An expression has no value: a missing key, an overflow. `&&` and `||` may absorb it. */
export class CelError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "CelError";
  }
}

/** The budget of cost or time is used up. Nothing absorbs it. */
export class CostExceeded extends Error {
  constructor() {
    super("operation cancelled: actual cost limit exceeded");
    this.name = "CostExceeded";
  }
}

export const noSuchOverload = (): CelError => new CelError("no such overload");
export const noSuchKey = (key: CelValue): CelError => new CelError(`no such key: ${shownKey(key)}`);
export const outOfBounds = (index: bigint): CelError => new CelError(`index out of bounds: ${index}`);
export const intOverflow = (): CelError => new CelError("integer overflow");

/** A key of a map in a message. */
export function shownKey(key: CelValue): string {
  if (typeof key === "string") return key.slice(0, 256);
  return typeof key === "bigint" || typeof key === "number" || typeof key === "boolean" ? String(key) : typeNameOf(key);
}
