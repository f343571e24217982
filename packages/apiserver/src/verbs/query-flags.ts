import { badRequest } from "@dataplane/meta";

/** A boolean of the query as the API server reads it: absent, `0` and `false` are false, anything else is true. */
export function flag(query: URLSearchParams, name: string): boolean {
  const value = query.get(name);
  return value !== null && value !== "0" && value.toLowerCase() !== "false";
}

/** A whole number, which may be negative, or undefined when absent. Throws BadRequest in the words of Go. */
export function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null || value === "") return undefined;
  if (!/^[+-]?\d{1,18}$/.test(value)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(value.slice(0, 64))}: ${goProblem(value)}`);
  return Number(value);
}

/** A resourceVersion as the store's revision; undefined when absent. Throws BadRequest. */
export function revisionOf(value: string | null): bigint | undefined {
  if (value === null || value === "") return undefined;
  if (/^\d{1,19}$/.test(value)) return BigInt(value);
  const shown = JSON.stringify(value.slice(0, 64));
  throw badRequest(
    `invalid resource version: resourceVersion: Invalid value: ${shown}: strconv.ParseUint: parsing ${shown}: ${goProblem(value.replace(/^[+-]/, "x"))}`,
  );
}

const goProblem = (value: string): string => (/^[+-]?\d+$/.test(value) ? "value out of range" : "invalid syntax");
