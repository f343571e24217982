import type { JsonObject } from "./json-object.js";
import { BadRequestError } from "./plugin-error.js";

/** A text of a query or of settings; absent and null are `fallback`. Throws BadRequestError for another type. */
export function readString(json: JsonObject, name: string, fallback: string): string {
  const value = json[name] ?? fallback;
  if (typeof value !== "string") throw new BadRequestError(`${name} must be a string`);
  return value;
}

/** A finite number, also when it was sent as text; absent, null and empty text are `fallback`. Throws BadRequestError. */
export function readNumber(json: JsonObject, name: string, fallback: number): number {
  const value = json[name] ?? fallback;
  if (value === "" || value === fallback) return fallback;
  const number = typeof value === "string" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(number)) throw new BadRequestError(`${name} must be a number`);
  return number;
}

/** A boolean; absent and null are `fallback`. Throws BadRequestError for another type. */
export function readBoolean(json: JsonObject, name: string, fallback: boolean): boolean {
  const value = json[name] ?? fallback;
  if (typeof value !== "boolean") throw new BadRequestError(`${name} must be true or false`);
  return value;
}
