import { ApiError, type Handler, type HttpRequest, type HttpResponse } from "@dataplane/meta";
import type { ApiSource } from "../api-source.js";
import { type OpenApiSnapshot, openApiSnapshots, type Rendered } from "./open-api-cache.js";

const json = "application/json";
const v2Protobuf = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/**
 * Serves `/openapi/v3` (the index), `/openapi/v3/<group version>` and `/openapi/v2` of all sources; anything else is NotFound.
 * A document asked for by the hash that the index gave never changes and is cached for good.
 */
export function createOpenApiHandler(options: { readonly sources: readonly ApiSource[]; readonly version: string }): Handler {
  const snapshot = openApiSnapshots(options.sources, options.version);
  return (request) => Promise.resolve().then(() => answer(request, snapshot()));
}

function answer(request: HttpRequest, snapshot: OpenApiSnapshot): HttpResponse {
  const path = request.path.replace(/\/$/, "");
  if (request.method !== "GET" && request.method !== "HEAD") {
    throw new ApiError("MethodNotAllowed", "the server does not allow this method on the requested resource", { headers: { allow: "GET, HEAD" } });
  }
  if (path === "/openapi/v2") return swagger(request, snapshot);
  if (path === "/openapi/v3") return send(request, requireJson(request, snapshot.index()), json);
  const document = path.startsWith("/openapi/v3/") ? snapshot.v3(path.slice("/openapi/v3/".length)) : undefined;
  if (document === undefined) throw new ApiError("NotFound", "the server could not find the requested resource");
  return hashed(request, requireJson(request, document), path);
}

function swagger(request: HttpRequest, snapshot: OpenApiSnapshot): HttpResponse {
  // Clients ask with "@" between the parts, which is no media type; the answer has ".".
  if (acceptOf(request).includes("proto-openapi.spec.v2")) return send(request, snapshot.v2Protobuf(), v2Protobuf);
  return send(request, requireJson(request, snapshot.v2Json()), json);
}

function acceptOf({ headers }: HttpRequest): string {
  const accept = headers["accept"] ?? "";
  return typeof accept === "string" ? accept : accept.join(",");
}

function requireJson(request: HttpRequest, document: Rendered): Rendered {
  const accept = acceptOf(request);
  if (accept === "" || accept.includes("*") || accept.includes(json)) return document;
  throw new ApiError("NotAcceptable", `only the following media types are accepted: ${json}`);
}

const yearInSeconds = 31_536_000;

// A cache key of public bytes, no secret: comparing it in constant time would protect nothing.
function hashed(request: HttpRequest, document: Rendered, path: string): HttpResponse {
  const asked = request.query.get("hash");
  if (asked === null || asked === "") return send(request, document, json);
  if (document.hash === asked) return send(request, document, json, `public, immutable, max-age=${yearInSeconds}`);
  return { status: 301, headers: { location: `${path}?hash=${document.hash}`, "cache-control": "no-cache" } };
}

function send(request: HttpRequest, { body, hash }: Rendered, type: string, caching = "no-cache, private"): HttpResponse {
  const etag = `"${hash}"`;
  const headers = { etag, "cache-control": caching, vary: "Accept" };
  if (matches(request.headers["if-none-match"], etag)) return { status: 304, headers };
  return { status: 200, headers: { ...headers, "content-type": type }, body };
}

function matches(header: string | readonly string[] | undefined, etag: string): boolean {
  const tags = (typeof header === "string" ? header : (header ?? []).join(",")).split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes(etag) || tags.includes("*");
}
