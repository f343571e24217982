import { badRequest } from "@dataplane/meta";

/** A boolean of the query as the API server reads it: absent, `0` and `false` are false, anything else is true. */
export function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== "0" && value.toLowerCase() !== "false";
}

/** A whole number, or undefined when absent. Throws BadRequest. */
export function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === "") return undefined;
  if (!/^\d{1,15}$/.test(value)) throw badRequest(`${name} must be a whole number, not ${JSON.stringify(value)}`);
  return Number(value);
}

/** A resourceVersion as the store's revision; undefined when absent. Throws BadRequest. */
export function revisionOf(value: string | null): bigint | undefined {
  if (value === null || value === "") return undefined;
  if (!/^\d{1,19}$/.test(value)) throw badRequest(`invalid resource version ${JSON.stringify(value)}`);
  return BigInt(value);
}
