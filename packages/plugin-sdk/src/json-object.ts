/** A JSON object of foreign origin: each value is to be checked before use. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Parses a JSON object; no bytes are an empty one. `what` names it in the error. Throws SyntaxError. */
export function parseJsonObject(bytes: Uint8Array, what: string): JsonObject {
  if (bytes.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    // The parser's own message quotes the text, which may hold what must not be logged.
    throw new SyntaxError(`${what} is not valid JSON`, { cause });
  }
  if (!isJsonObject(value)) throw new SyntaxError(`${what} must be a JSON object`);
  return value;
}

/** Whether a value is an object with string keys: no array, no null. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
