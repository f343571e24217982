import type { CallResourceRequest, CallResourceResponse } from "@dataplane/plugin-protocol";
import type { Awaitable, Call } from "./call.js";
import { BadRequestError, type PluginError } from "./plugin-error.js";

/** An HTTP request that the host passes on to the plugin. */
export interface ResourceRequest {
  readonly method: string;
  /** With a leading slash, without the query string. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** The path and the query string as the host sent them. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Uint8Array;
  /** The body parsed. Throws BadRequestError when it is not JSON. */
  json(): unknown;
}

export interface ResourceResponse {
  /** 200 unless given. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** A body of several pieces is sent piece by piece, as they come. */
  readonly body?: string | Uint8Array | AsyncIterable<string | Uint8Array>;
}

/** Answers a resource call. What it throws is answered as JSON `{"message": …}` with the error's status. */
export type ResourceHandler = (request: ResourceRequest, call: Call) => Awaitable<ResourceResponse>;

/** A response whose body is `value` as JSON. */
export function jsonResponse(value: unknown, status = 200): ResourceResponse {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}

/** How a failure is answered. */
export function errorResource(error: PluginError): ResourceResponse {
  return jsonResponse({ message: error.message }, error.status);
}

/** Reads a resource call from the wire. */
export function resourceRequestOf(request: CallResourceRequest): ResourceRequest {
  const queryAt = request.url.indexOf("?");
  return {
    method: request.method === "" ? "GET" : request.method.toUpperCase(),
    // Hosts differ in whether they send the slash.
    path: request.path.startsWith("/") ? request.path : `/${request.path}`,
    url: request.url,
    query: new URLSearchParams(queryAt < 0 ? "" : request.url.slice(queryAt + 1)),
    headers: new Map(Object.entries(request.headers).map(([name, { values }]) => [name.toLowerCase(), values])),
    body: request.body,
    json: () => parseBody(request.body),
  };
}

/** The messages of a response: the first has status and headers, each has a piece of the body. */
export async function* resourceMessages(response: ResourceResponse): AsyncIterable<CallResourceResponse> {
  const headers = Object.fromEntries(
    Object.entries(response.headers ?? {}).map(([name, value]) => [name, { values: typeof value === "string" ? [value] : value }]),
  );
  const code = response.status ?? 200;
  const { body = "" } = response;
  if (typeof body === "string" || body instanceof Uint8Array) {
    yield { code, headers, body: bytes(body) };
    return;
  }
  let first = true;
  for await (const piece of body) {
    yield { code, headers: first ? headers : {}, body: bytes(piece) };
    first = false;
  }
  if (first) yield { code, headers, body: new Uint8Array() };
}

const bytes = (piece: string | Uint8Array) => (typeof piece === "string" ? new TextEncoder().encode(piece) : piece);

function parseBody(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    throw new BadRequestError("the request body is not valid JSON", { cause });
  }
}
