import { ApiError, badRequest, type HttpRequest, isJsonObject, type JsonValue } from "@dataplane/meta";
import { decodeObject, protobufMediaType } from "./protobuf/decode-object.js";
import { scanJson } from "./scan-json.js";

/** 3 MiB, as kube-apiserver reads at most. */
export const defaultBodyLimitBytes = 3 * 1024 * 1024;

/** A parsed body. `duplicates` are paths of keys that stand twice; the last one won. */
export interface ParsedBody {
  readonly value: JsonValue;
  readonly duplicates: readonly string[];
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/** The media type without parameters, lower case; "" when the header is absent. */
export function mediaTypeOf(request: Pick<HttpRequest, "headers">): string {
  const header = request.headers["content-type"];
  const text = typeof header === "string" ? header : (header?.[0] ?? "");
  return (text.split(";")[0] ?? "").trim().toLowerCase();
}

/** All bytes of the body. Throws RequestEntityTooLarge (413) as soon as it grows over `limit`. */
export async function readBytes(request: Pick<HttpRequest, "body" | "headers">, limit = defaultBodyLimitBytes): Promise<Uint8Array> {
  const told = request.headers["content-length"];
  if (typeof told === "string" && Number(told) > limit) throw tooLarge(limit);
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of request.body) {
    size += piece.byteLength;
    if (size > limit) throw tooLarge(limit);
    pieces.push(piece);
  }
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces, size);
}

/**
 * The body as JSON, whatever its content type says. Throws 413 over `limit` bytes and 400 with the position for malformed JSON.
 * Own keys named `__proto__` are dropped.
 */
export async function readJsonBody(request: Pick<HttpRequest, "body" | "headers">, limit = defaultBodyLimitBytes): Promise<JsonValue> {
  return parseJson(textOf(await readBytes(request, limit)));
}

/** The body of a write: JSON, or YAML by content type; 415 otherwise, naming what is accepted. */
export async function readObjectBody(request: HttpRequest, limit: number): Promise<ParsedBody> {
  const type = mediaTypeOf(request);
  if (type === "" || type === "application/json") return parseJsonBody(textOf(await readBytes(request, limit)));
  if (type === "application/yaml") return parseYamlBody(textOf(await readBytes(request, limit)));
  if (type === protobufMediaType) return { value: decodeObject(await readBytes(request, limit)), duplicates: [] };
  throw unsupportedMediaType(["application/json", "application/yaml"]);
}

const tooLarge = (limit: number): ApiError => new ApiError("RequestEntityTooLarge", `the body is larger than the limit of ${limit} bytes`);

export const unsupportedMediaType = (accepted: readonly string[]): ApiError =>
  new ApiError("UnsupportedMediaType", `the body of the request was in an unknown format - accepted media types include: ${accepted.join(", ")}`);

export function textOf(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw badRequest("the body is not UTF-8", { cause });
  }
}

export function parseJsonBody(text: string): ParsedBody {
  const value = parseJson(text);
  return { value, duplicates: scanJson(text).duplicates };
}

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

export async function parseYamlBody(text: string): Promise<ParsedBody> {
  const { parseDocument } = await import("yaml");
  const document = parseDocument(text, { uniqueKeys: true, prettyErrors: true });
  const isDuplicate = ({ code }: { readonly code: string }): boolean => code === "DUPLICATE_KEY";
  const fault = document.errors.find((error) => !isDuplicate(error));
  if (fault !== undefined) throw badRequest(`the body is not valid YAML: ${fault.code} at ${yamlPlace(fault.linePos?.[0])}`);
  const duplicates = document.errors.filter(isDuplicate).map(({ linePos }) => yamlPlace(linePos?.[0]));
  return { value: yamlValue(() => document.toJS({ maxAliasCount: 100 })), duplicates };
}

const yamlPlace = (place: { readonly line: number; readonly col: number } | undefined): string =>
  place === undefined ? "an unknown place" : `line ${place.line}, column ${place.col}`;

/** Through JSON text, so that only what JSON can say remains. */
function yamlValue(read: () => unknown): JsonValue {
  try {
    return parseJson(JSON.stringify(read() ?? null));
  } catch (cause) {
    if (cause instanceof ApiError) throw cause;
    throw badRequest("the body is not valid YAML: too many aliases", { cause });
  }
}

/** The value as an object. Throws BadRequest when it is something else. */
export function requireJsonObject(value: JsonValue): Exclude<JsonValue, string | number | boolean | null | readonly JsonValue[]> {
  if (!isJsonObject(value)) throw badRequest("the body must be a JSON object");
  return value;
}
