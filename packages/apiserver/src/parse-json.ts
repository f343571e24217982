import { type ApiError, badRequest, type JsonValue } from "@dataplane/meta";
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
    const isSuspect = text.includes("__proto__") || text.includes(String.raw`\u`);
    return jsonValue(isSuspect ? JSON.parse(text, dropProto) : JSON.parse(text));
  } catch {
    // The engine's message quotes the body, which may hold a secret: only the place is told.
    throw malformed(text, scanJson(text).errorAt ?? text.length);
  }
}

const dropProto = (key: string, value: unknown): unknown => (key === "__proto__" ? undefined : value);

/** JSON.parse gives nothing but JSON values. */
const jsonValue = (value: unknown): JsonValue => value as JsonValue;

function malformed(text: string, at: number): ApiError {
  if (text.trim() === "") return badRequest("the body is empty: JSON is expected");
  const before = text.slice(0, at).split("\n");
  const what = at >= text.length ? "it ends too early" : "unexpected character";
  return badRequest(`the body is not valid JSON: ${what} at offset ${at} (line ${before.length}, column ${(before.at(-1) ?? "").length + 1})`);
}
