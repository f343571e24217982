import { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import type { Outbound, OutboundRoute } from "./outbound.js";

export interface OutboundRequest {
  readonly url: URL;
  readonly route: OutboundRoute;
  readonly method: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** Undefined for none. */
  readonly body?: Uint8Array | string | AsyncIterable<Uint8Array> | undefined;
  /** Until the answer's headers are there; a body that is still being sent begins it anew with each piece. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface OutboundAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Leaving its iteration closes the exchange. */
  readonly body: Dispatcher.ResponseData["body"];
}

/** No answer began in time. */
export class AnswerTimeout extends Error {
  override readonly name = "AnswerTimeout";
}

/** One request and its answer, bodies as they come, back-pressure both ways. Redirects are answers. Rejects as undici does, or with AnswerTimeout. */
export async function exchange(
  outbound: Outbound,
  { url, route, method, headers, body, timeoutMs, signal }: OutboundRequest,
): Promise<OutboundAnswer> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new AnswerTimeout("no answer in time")), timeoutMs);
  try {
    signal.throwIfAborted();
    const {
      statusCode,
      headers: answered,
      body: answer,
    } = await outbound.dispatcher(route).request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method,
      headers,
      body: bodyOf(body, timer),
      signal: AbortSignal.any([signal, late.signal]),
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    return { status: statusCode, headers: answered, body: answer };
  } catch (thrown) {
    // Its text depends on where undici was when it came.
    throw late.signal.aborted && !signal.aborted ? late.signal.reason : thrown;
  } finally {
    clearTimeout(timer);
  }
}

/** Ends an answer that nobody reads. */
export async function discard(body: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    await body[Symbol.asyncIterator]().return?.();
  } catch {
    // It was to end anyway.
  }
}

function bodyOf(body: OutboundRequest["body"], timer: NodeJS.Timeout): string | Uint8Array | Readable | null {
  if (body === undefined) return null;
  if (typeof body === "string" || body instanceof Uint8Array) return body;
  return Readable.from(refreshing(body, timer), { objectMode: false });
}

async function* refreshing(body: AsyncIterable<Uint8Array>, timer: NodeJS.Timeout): AsyncIterable<Uint8Array> {
  for await (const piece of body) {
    timer.refresh();
    yield piece;
  }
}
