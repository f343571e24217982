import type { JsonObject } from "./json-object.js";
import { BadRequestError } from "./plugin-error.js";

/** A text of a query or of settings; absent and null are `fallback`. Throws BadRequestError for another type. */
export function readString<Fallback extends string | undefined>(json: JsonObject, name: string, fallback: Fallback): string | Fallback {
  const value = json[name] ?? undefined;
  if (value === undefined) return fallback;
  if (typeof value !== "string") throw new BadRequestError(`${name} must be a string`);
  return value;
}

/** A finite number, also when it was sent as text; absent, null and empty text are `fallback`. Throws BadRequestError. */
export function readNumber<Fallback extends number | undefined>(json: JsonObject, name: string, fallback: Fallback): number | Fallback {
  const value = json[name] ?? undefined;
  if (value === undefined || value === "") return fallback;
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
