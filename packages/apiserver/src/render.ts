import type { ApiError, Headers, HttpRequest, HttpResponse, JsonObject } from "@dataplane/meta";
import { prefersProtobuf, type Representation } from "./negotiate.js";
import { encodeObject } from "./protobuf/encode-object.js";
import { protobufMediaType } from "./protobuf/media-type.js";
import { jsonOf } from "./table.js";

const encoder = new TextEncoder();

/** No answer of the API may be kept by a cache on the way. */
const cacheControl = { "cache-control": "no-cache, private" };

/** An answer in JSON. */
export const json = (status: number, value: unknown, headers: Headers = {}): HttpResponse =>
  jsonBytes(status, [encoder.encode(`${JSON.stringify(value)}\n`)], headers);

/** JSON that is bytes already. */
export function jsonBytes(status: number, pieces: readonly Uint8Array[], headers: Headers = {}): HttpResponse {
  const [only] = pieces;
  const body = pieces.length === 1 && only !== undefined ? only : pieces;
  return { status, headers: { "content-type": "application/json", ...cacheControl, ...headers }, body };
}

/** The Status of a failure, with the headers it asks for; in protobuf for a request that would rather have that. */
export function statusResponse(error: ApiError, request?: Pick<HttpRequest, "headers">): HttpResponse {
  const status = error.toStatus();
  if (request === undefined || !prefersProtobuf(request)) return json(error.code, status, error.headers);
  return protobufBytes(error.code, encodeObject(jsonOf(status)), error.headers);
}

/** A value in the media type that was negotiated. */
export async function rendered(representation: Representation, status: number, value: JsonObject): Promise<HttpResponse> {
  if (representation.mediaType === "application/json") return json(status, value);
  if (representation.mediaType === protobufMediaType) return protobufBytes(status, encodeObject(value));
  const { stringify } = await import("yaml");
  // As 1.1, so that older readers also take for text what is text: a date, yes, 1_000.
  return {
    status,
    headers: { "content-type": "application/yaml", ...cacheControl },
    body: encoder.encode(stringify(value, { version: "1.1", aliasDuplicateObjects: false, lineWidth: 0 })),
  };
}

/** Kubernetes protobuf that is bytes already. */
export const protobufBytes = (status: number, body: Uint8Array, headers: Headers = {}): HttpResponse => ({
  status,
  headers: { "content-type": protobufMediaType, ...cacheControl, ...headers },
  body,
});
