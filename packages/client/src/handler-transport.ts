import { ApiError, type Handler, type HttpBody, type UserInfo } from "@dataplane/meta";
import { parseRetryAfter, type Transport } from "./transport.js";

export interface HandlerTransportOptions {
  readonly handler: Handler;
  /** Who calls: the authenticate filter lets it stand. */
  readonly user: UserInfo;
}

/** Calls a handler in this process, as `user`, with no socket between. */
export function handlerTransport({ handler, user }: HandlerTransportOptions): Transport {
  return async ({ method, path, query, headers, body, signal }) => {
    try {
      const response = await handler({
        method,
        path,
        query,
        headers: body === undefined ? headers : { ...headers, "content-length": String(body.byteLength) },
        body: pieces(body),
        signal,
        remoteAddress: "127.0.0.1",
        context: { user },
      });
      const { status, headers: answered } = response;
      return { status, retryAfterSeconds: parseRetryAfter(answered["retry-after"]), headers: answered, body: pieces(response.body) };
    } catch (thrown) {
      throw ApiError.from(thrown);
    }
  };
}

async function* pieces(body: HttpBody | undefined): AsyncGenerator<Uint8Array> {
  if (body === undefined) return;
  if (typeof body === "string") yield new TextEncoder().encode(body);
  else if (body instanceof Uint8Array) yield body;
  else yield* body;
}
