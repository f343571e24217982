import { FIELD_KINDS } from "./field-kinds.js";
import type { Field, FieldValue } from "./frame.js";
import { FrameError } from "./frame-error.js";

function fail(field: Field, row: number): never {
  throw new FrameError(`field ${JSON.stringify(field.name)} (${field.type}): the value of row ${row} is not of its type`);
}

function inRange(field: Field, value: number | bigint): boolean {
  const { bits, signed } = FIELD_KINDS[field.type];
  const [from, to] = signed ? [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n] : [0n, 2n ** BigInt(bits) - 1n];
  return value >= from && value <= to;
}

/** A value of a field that holds small integers or enum indices. */
export function smallInteger(field: Field, value: FieldValue, row: number): number {
  return typeof value === "number" && Number.isInteger(value) && inRange(field, value) ? value : fail(field, row);
}

/** A value of a field that holds 64-bit integers or times. */
export function bigInteger(field: Field, value: FieldValue, row: number): bigint {
  return typeof value === "bigint" && inRange(field, value) ? value : fail(field, row);
}

/** A value of a field of floats. */
export function float(field: Field, value: FieldValue, row: number): number {
  return typeof value === "number" ? value : fail(field, row);
}

export function text(field: Field, value: FieldValue, row: number): string {
  return typeof value === "string" ? value : fail(field, row);
}

export function boolean(field: Field, value: FieldValue, row: number): boolean {
  return typeof value === "boolean" ? value : fail(field, row);
}

/** Null is a value of nullable fields alone. */
export function isNull(field: Field, value: FieldValue, row: number): value is null {
  if (value === null && !field.nullable) throw new FrameError(`field ${JSON.stringify(field.name)} is not nullable, row ${row} is null`);
  return value === null;
}
