import { ApiError, type JsonValue } from "@dataplane/meta";
import { errorOf, noAnswer, parseJson } from "./answer.js";
import type { Transport, TransportRequest, TransportResponse } from "./transport.js";

/** One call of a server. */
export interface ServerCall {
  readonly method: TransportRequest["method"];
  readonly path: string;
  readonly query?: URLSearchParams;
  /** More than those of the content; `accept` is `application/json` unless told. */
  readonly headers?: TransportRequest["headers"];
  /** `value` is sent as JSON. */
  readonly content?: { readonly type: string; readonly value: unknown };
  readonly signal?: AbortSignal | undefined;
}

/** The answer when it is a success or says that nothing changed; else throws the ApiError that it is, ServiceUnavailable when there is none. */
export async function send(transport: Transport, call: ServerCall): Promise<TransportResponse> {
  const { method, path, query = new URLSearchParams(), content, signal = new AbortController().signal } = call;
  const headers = { accept: "application/json", ...call.headers, ...(content === undefined ? {} : { "content-type": content.type }) };
  const body = content === undefined ? undefined : new TextEncoder().encode(JSON.stringify(content.value));
  let response: TransportResponse;
  try {
    response = await transport({ method, path, query, headers, body, signal });
  } catch (thrown) {
    throw thrown instanceof ApiError ? thrown : noAnswer(`no answer to ${method} ${path}`, thrown);
  }
  if (response.status < 400) return response;
  throw errorOf(parseIfJson(await readText(response.body)), response.status, response.retryAfterSeconds);
}

/** Throws ServiceUnavailable for a body that is cut off, or has more than `limitBytes`; without it, of any length. */
export async function readText(body: AsyncIterable<Uint8Array>, limitBytes = Number.POSITIVE_INFINITY): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const piece of body) {
      bytes += piece.byteLength;
      if (bytes > limitBytes) throw noAnswer(`the server's answer has more than ${limitBytes} bytes`, undefined);
      pieces.push(piece);
    }
  } catch (thrown) {
    throw thrown instanceof ApiError ? thrown : noAnswer("the server's answer was cut off", thrown);
  }
  return Buffer.concat(pieces).toString("utf8");
}

/** Proxies in between answer with text; then the code alone counts. */
function parseIfJson(text: string): JsonValue | undefined {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
