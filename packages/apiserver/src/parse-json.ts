import { ApiError, badRequest, type JsonValue } from "@dataplane/meta";
import { type DuplicateKey, scanJson } from "./scan-json.js";

/** A parsed body. `duplicates` are keys that stand twice; the last one won. */
export interface ParsedBody {
  readonly value: JsonValue;
  readonly duplicates: readonly DuplicateKey[];
}

/** JSON text. Throws BadRequest with the position of a mistake. */
export function parseJsonBody(text: string): ParsedBody {
  const value = parseJson(text);
  return { value, duplicates: scanJson(text).duplicates };
}

/** The same, without looking for duplicates. */
export function parseJson(text: string): JsonValue {
  try {
    const isEscaped = text.includes(String.raw`\u`);
    const isSuspect = isEscaped || text.includes("__proto__") || mayOverflow.test(text);
    return jsonValue(isSuspect ? JSON.parse(isEscaped ? wellFormed(text) : text, requireSound) : JSON.parse(text));
  } catch (error) {
    if (error instanceof ApiError) throw error;
    // The engine's message quotes the body, which may hold a secret: only the place is told.
    throw malformed(text, scanJson(text).errorAt ?? text.length);
  }
}

/** A number that a double may not hold. */
const mayOverflow = /\d[eE]\+?\d{3}|\d{300}/;

/** Without keys named `__proto__`. What would become Infinity could not be written as JSON again: Go refuses it too. */
function requireSound(key: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) throw badRequest("the body is not valid JSON: a number is beyond the range of a double");
  return key === "__proto__" ? undefined : value;
}

/** Halves of characters become U+FFFD, as they do where Go reads JSON: no store and no UTF-8 could hold them. */
const wellFormed = (text: string): string =>
  text.replaceAll(/\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|\\u[dD][89a-fA-F][\da-fA-F]{2}|\\[^]/g, (escape) =>
    escape.length === 6 ? String.raw`\ufffd` : escape,
  );

/** JSON.parse gives nothing but JSON values. */
const jsonValue = (value: unknown): JsonValue => value as JsonValue;

function malformed(text: string, at: number): ApiError {
  if (text.trim() === "") return badRequest("the body is empty: JSON is expected");
  const before = text.slice(0, at).split("\n");
  const what = at >= text.length ? "it ends too early" : "unexpected character";
  return badRequest(`the body is not valid JSON: ${what} at offset ${at} (line ${before.length}, column ${(before.at(-1) ?? "").length + 1})`);
}
