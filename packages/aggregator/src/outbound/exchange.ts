import { Readable } from "node:stream";
import { TimeLimit } from "@dataplane/meta";
import type { Dispatcher, errors } from "undici";
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
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends an answer whose body nobody began to read. */
  readonly discard: () => void;
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
  const limit = new TimeLimit({ ms: timeoutMs, signal, reason: () => new AnswerTimeout("no answer in time") });
  try {
    signal.throwIfAborted();
    const send = async (): Promise<Dispatcher.ResponseData> =>
      (await outbound.dispatcher(route)).request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method,
        headers,
        body: bodyOf(body, limit),
        signal: limit.signal,
        headersTimeout: 0,
        bodyTimeout: 0,
      });
    const repeatable = body === undefined && mayRepeat.has(method);
    const answer = await (repeatable ? repeated(send) : send());
    limit.stop();
    return { status: answer.statusCode, headers: answer.headers, body: answer.body, discard: () => discard(answer.body) };
  } catch (thrown) {
    limit.release();
    // Its text depends on where undici was when it came.
    throw limit.isOver ? limit.signal.reason : thrown;
  }
}

const mayRepeat = new Set(["GET", "HEAD", "OPTIONS"]);
const mostRepeats = 3;

/** A backend may close a connection that was kept in the moment of its next use: it never saw the request then (RFC 9110 9.2.2). */
async function repeated<T>(send: () => Promise<T>, left = mostRepeats): Promise<T> {
  try {
    return await send();
  } catch (thrown) {
    // Others that were kept may have gone the same way; a new one has read nothing.
    const wasKept = isSocketError(thrown) && (thrown.socket?.bytesRead ?? 0) > 0;
    if (!wasKept || left === 0) throw thrown;
    return repeated(send, left - 1);
  }
}

const isSocketError = (thrown: unknown): thrown is errors.SocketError =>
  thrown instanceof Error && "code" in thrown && thrown.code === "UND_ERR_SOCKET" && "socket" in thrown;

/** A short rest is read, so that the connection can be kept; a long or slow one is cut. */
function discard(body: Dispatcher.ResponseData["body"]): void {
  const limit = new TimeLimit({ ms: 1_000 });
  const ended = body.dump({ limit: 64 * 1024, signal: limit.signal }).catch(() => {
    // It was to end anyway.
  });
  void ended.finally(() => limit.release());
}

function bodyOf(body: OutboundRequest["body"], limit: TimeLimit): string | Uint8Array | Readable | null {
  if (body === undefined) return null;
  if (typeof body === "string" || body instanceof Uint8Array) return body;
  return Readable.from(refreshing(body, limit), { objectMode: false });
}

async function* refreshing(body: AsyncIterable<Uint8Array>, limit: TimeLimit): AsyncIterable<Uint8Array> {
  for await (const piece of body) {
    limit.refresh();
    yield piece;
  }
}
