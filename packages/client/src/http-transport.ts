import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest, type RequestOptions } from "node:https";
import { parseRetryAfter, type Transport, type TransportRequest, type TransportResponse } from "./transport.js";

export interface HttpClientOptions {
  /** `http:` or `https:`; a path in it is put before each call's own. */
  readonly baseUrl: string;
  /** Sent with each call, such as `authorization`; a header of several values is sent several times. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** For `https:`. A function is asked at each call, and may throw: then there is no answer. */
  readonly tls?: ClientTls | (() => ClientTls);
  /** The server listens on this Unix socket; the base URL's host is then a name alone, by which its certificate is checked. */
  readonly socketPath?: string;
}

/** PEM texts: whom to trust instead of the system's authorities, and who we are. */
export interface ClientTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/**
 * Calls a server over HTTP/1.1 and keeps connections open between calls. It never goes through a proxy, whatever the environment says:
 * what it talks to is this server's own address.
 */
export function httpTransport({ baseUrl, headers = {}, tls = {}, socketPath }: HttpClientOptions): Transport {
  const base = new URL(baseUrl);
  if (base.protocol !== "http:" && base.protocol !== "https:") throw new TypeError(`baseUrl ${base.protocol}// is neither http nor https`);
  const secure = base.protocol === "https:";
  // The agent keeps connections apart by what they trust and show: after a change of keys new ones are made.
  const agent = secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  const tlsNow = typeof tls === "function" ? tls : (): ClientTls => tls;
  const open = secure ? httpsRequest : httpRequest;
  return async (request) => {
    const options: RequestOptions = {
      agent,
      ...(socketPath === undefined ? {} : { socketPath }),
      ...(secure ? tlsNow() : {}),
      method: request.method,
      path: pathOf(base, request),
      headers: { ...mutable(headers), ...mutable(request.headers), ...lengthOf(request.body) },
      signal: request.signal,
    };
    const send = (): ClientRequest => open(base, options);
    try {
      return await exchange(send(), request);
    } catch (thrown) {
      // The server may close an idle connection just as it is used again; nothing was read of it, so a GET may go again.
      if (!(thrown instanceof StaleConnection) || request.method !== "GET") throw thrown;
      return exchange(send(), request);
    }
  };
}

/** As Node declares what it only reads. */
const mutable = (headers: TransportRequest["headers"]): Record<string, string | string[]> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, typeof value === "string" ? value : [...value]]));

/** A kept connection was closed before it brought an answer. */
class StaleConnection extends Error {
  override readonly name = "StaleConnection";
}

const pathOf = (base: URL, { path, query }: TransportRequest): string =>
  `${base.pathname.replace(/\/$/, "")}${path}${query.size === 0 ? "" : `?${query.toString()}`}`;

const lengthOf = (body: Uint8Array | undefined): Record<string, number> => (body === undefined ? {} : { "content-length": body.byteLength });

function exchange(sent: ClientRequest, { body }: TransportRequest): Promise<TransportResponse> {
  return new Promise((resolve, reject) => {
    sent.on("error", (error: NodeJS.ErrnoException) => {
      const stale = sent.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE");
      reject(stale ? new StaleConnection("the server closed the connection", { cause: error }) : error);
    });
    sent.on("response", (message: IncomingMessage) => {
      const { statusCode: status = 0, headers } = message;
      resolve({ status, retryAfterSeconds: parseRetryAfter(headers["retry-after"]), headers, body: bytesOf(message) });
    });
    sent.end(body);
  });
}

async function* bytesOf(message: IncomingMessage): AsyncGenerator<Uint8Array> {
  for await (const piece of message) {
    if (piece instanceof Uint8Array) yield piece;
  }
}
