import { ApiError, badRequest, type HttpRequest, isJsonObject, type JsonValue } from "@dataplane/meta";
import { type ParsedBody, parseJson, parseJsonBody } from "./parse-json.js";
import { decodeObject, protobufMediaType } from "./protobuf/decode-object.js";
import { parseYamlBody } from "./yaml-body.js";

/** 3 MiB, as kube-apiserver reads at most. */
export const defaultBodyLimitBytes = 3 * 1024 * 1024;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/** The media type without parameters, lower case; "" when the header is absent. */
export function mediaTypeOf(request: Pick<HttpRequest, "headers">): string {
  const header = request.headers["content-type"];
  const text = typeof header === "string" ? header : (header?.[0] ?? "");
  return (text.split(";")[0] ?? "").trim().toLowerCase();
}

/** All bytes of the body. Throws RequestEntityTooLarge (413) as soon as it grows over `limit`. */
export function readBytes({ body, headers }: Pick<HttpRequest, "body" | "headers">, limit = defaultBodyLimitBytes): Promise<Uint8Array> {
  const told = headers["content-length"];
  if (typeof told === "string" && Number(told) > limit) return Promise.reject(tooLarge(limit));
  const read = body.collect === undefined ? iterated(body, limit) : body.collect(limit);
  return read.then((pieces) => {
    if (pieces === undefined) throw tooLarge(limit);
    const [only] = pieces;
    return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
  });
}

async function iterated(body: AsyncIterable<Uint8Array>, limit: number): Promise<readonly Uint8Array[] | undefined> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of body) {
    size += piece.byteLength;
    if (size > limit) return undefined;
    pieces.push(piece);
  }
  return pieces;
}

/**
 * The body as JSON, whatever its content type says. Throws 413 over `limit` bytes and 400 with the position for malformed JSON.
 * Own keys named `__proto__` are dropped.
 */
export async function readJsonBody(request: Pick<HttpRequest, "body" | "headers">, limit = defaultBodyLimitBytes): Promise<JsonValue> {
  return parseJson(textOf(await readBytes(request, limit)));
}

/** The body of a write: JSON, or YAML by content type; 415 otherwise, naming what is accepted. Kubernetes' own kinds come in protobuf too. */
export async function readObjectBody(request: HttpRequest, limit: number, hasProtobuf = false): Promise<ParsedBody> {
  const type = mediaTypeOf(request);
  if (type === "" || type === "application/json") return parseJsonBody(textOf(await readBytes(request, limit)));
  if (type === "application/yaml") return parseYamlBody(textOf(await readBytes(request, limit)));
  if (type === protobufMediaType) return { value: decodeObject(await readBytes(request, limit)), duplicates: [] };
  throw unsupportedMediaType(["application/json", "application/yaml", ...(hasProtobuf ? [protobufMediaType] : [])]);
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

/** The value as an object. Throws BadRequest when it is something else. */
export function requireJsonObject(value: JsonValue): Exclude<JsonValue, string | number | boolean | null | readonly JsonValue[]> {
  if (!isJsonObject(value)) throw badRequest("the body must be a JSON object");
  return value;
}
