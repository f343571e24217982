import { BadRequestError, type JsonObject, readNumber } from "@dataplane/plugin-sdk";

/** A whole number of a query within limits. Throws BadRequestError. */
export function boundedNumber(
  json: JsonObject,
  name: string,
  { fallback, min, max }: { readonly fallback: number; readonly min: number; readonly max: number },
): number {
  const value = readNumber(json, name, fallback);
  if (!Number.isInteger(value) || value < min || value > max) throw new BadRequestError(`${name} must be a whole number from ${min} to ${max}`);
  return value;
}
