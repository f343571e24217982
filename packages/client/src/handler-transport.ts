import { ApiError, type Handler, type HttpBody, LinkedAbort, type UserInfo } from "@dataplane/meta";
import { parseRetryAfter, type Transport } from "./transport.js";

export interface HandlerTransportOptions {
  readonly handler: Handler;
  /** Who calls: the authenticate filter lets it stand. */
  readonly user: UserInfo;
}

/** Calls a handler in this process, as `user`, with no socket between. */
export function handlerTransport({ handler, user }: HandlerTransportOptions): Transport {
  return async ({ method, path, query, headers, body, signal }) => {
    // As a connection would: a caller's signal may last for ever, and what the handler binds to it ends with the answer.
    const gone = new LinkedAbort(signal);
    try {
      const response = await handler({
        method,
        path,
        query,
        headers: body === undefined ? headers : { ...headers, "content-length": String(body.byteLength) },
        body: pieces(body),
        signal: gone.signal,
        remoteAddress: "127.0.0.1",
        context: { user },
      });
      const { status, headers: answered } = response;
      return { status, retryAfterSeconds: parseRetryAfter(answered["retry-after"]), headers: answered, body: answerOf(response.body, gone) };
    } catch (thrown) {
      gone.release();
      throw ApiError.from(thrown);
    }
  };
}

function answerOf(body: HttpBody | undefined, gone: LinkedAbort): AsyncIterable<Uint8Array> {
  if (typeof body === "object" && Symbol.asyncIterator in body) return until(body, gone);
  gone.release();
  return pieces(body);
}

async function* until(body: AsyncIterable<Uint8Array>, gone: LinkedAbort): AsyncGenerator<Uint8Array> {
  let isWhole = false;
  try {
    yield* body;
    isWhole = true;
  } finally {
    if (isWhole) gone.release();
    else gone.abort(new Error("the client went away"));
  }
}

async function* pieces(body: HttpBody | undefined): AsyncGenerator<Uint8Array> {
  if (body === undefined) return;
  if (typeof body === "string") yield new TextEncoder().encode(body);
  else if (body instanceof Uint8Array) yield body;
  else yield* body;
}
