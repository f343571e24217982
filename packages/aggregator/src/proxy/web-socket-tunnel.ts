import { createHash } from "node:crypto";
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { type Duplex, pipeline } from "node:stream";
import { ApiError, badRequest, type HttpRequest, type HttpResponse, type RawConnection, TimeLimit } from "@dataplane/meta";
import { answerHeaders } from "../outbound/answer-headers.js";
import { AnswerTimeout } from "../outbound/exchange.js";
import { isHeader } from "../outbound/is-header.js";
import type { Outbound, OutboundRoute } from "../outbound/outbound.js";
import { headerOf } from "../request-body.js";

export interface TunnelOptions {
  readonly outbound: Outbound;
  readonly route: OutboundRoute;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly timeoutMs: number;
  /** `[server] root_url`, whose pages may open a WebSocket beside those of the request's own host. */
  readonly rootUrl: string;
}

/** A backend's answer that was no 101: an answer as any other. */
export interface PlainAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: AsyncIterable<Uint8Array>;
  /** Ends an answer whose body nobody began to read. */
  readonly discard: () => void;
}

export type TunnelAnswer = { readonly upgraded: HttpResponse } | { readonly plain: PlainAnswer };

/**
 * Asks the backend for a WebSocket (RFC 6455 4) over a connection of its own. Only its own 101, with the key's proof, makes a tunnel; after
 * anything else the connection serves that answer, and closes. Rejects as a request to a backend does.
 */
export async function openTunnel(request: HttpRequest, options: TunnelOptions): Promise<TunnelAnswer> {
  requireSameOrigin(request, options.rootUrl);
  const key = headerOf(request, "sec-websocket-key");
  if (request.method !== "GET" || key === undefined) throw badRequest("a WebSocket begins with GET and Sec-WebSocket-Key");
  request.signal.throwIfAborted();
  const limit = new TimeLimit({ ms: options.timeoutMs, signal: request.signal, reason: () => new AnswerTimeout("no answer in time") });
  try {
    const socket = await options.outbound.connect(options.url, options.route);
    const cut = (): void => void socket.destroy();
    request.signal.addEventListener("abort", cut, { once: true });
    socket.once("close", () => request.signal.removeEventListener("abort", cut));
    // Whoever waits for it hears of it; without a listener it would end the process.
    socket.on("error", cut);
    try {
      limit.signal.throwIfAborted();
      return await handshake(request, { ...options, socket, key, ended: limit.signal });
    } catch (thrown) {
      socket.destroy();
      throw thrown;
    }
  } catch (thrown) {
    throw limit.isOver ? limit.signal.reason : thrown;
  } finally {
    limit.release();
  }
}

/** A page of another site would have the browser send its user's credentials along (cross-site WebSocket hijacking). */
function requireSameOrigin(request: HttpRequest, rootUrl: string): void {
  const origin = headerOf(request, "origin");
  if (origin === undefined) return;
  const own = [rootUrl, `http://${headerOf(request, "host") ?? ""}`].filter((url) => URL.canParse(url)).map((url) => new URL(url).host);
  if (!URL.canParse(origin) || !own.includes(new URL(origin).host)) {
    throw new ApiError("Forbidden", "a WebSocket from a page of another site is refused");
  }
}

interface Handshake extends TunnelOptions {
  readonly socket: Socket;
  readonly key: string;
  readonly ended: AbortSignal;
}

function handshake(request: HttpRequest, { socket, key, ended, url, headers }: Handshake): Promise<TunnelAnswer> {
  return new Promise((resolve, reject) => {
    const asked: ClientRequest = httpRequest({
      method: "GET",
      path: `${url.pathname}${url.search}`,
      headers: { host: url.host, ...headers, connection: "Upgrade", upgrade: "websocket" },
      createConnection: () => socket,
    });
    const cut = (): void => void asked.destroy(new Error("ended"));
    ended.addEventListener("abort", cut, { once: true });
    asked.on("error", reject);
    asked.once("response", (answer) => {
      ended.removeEventListener("abort", cut);
      const { statusCode: status = 502, headers: answered } = answer;
      resolve({ plain: { status, headers: answered, body: closing(answer, socket), discard: () => void socket.destroy() } });
    });
    asked.once("upgrade", (answer, upstream, head) => {
      ended.removeEventListener("abort", cut);
      if (isProof(answer, key)) resolve({ upgraded: takeOver(request, { answer, upstream, head }) });
      else reject(new ApiError("BadGateway", "the data source answered the WebSocket handshake with something else"));
    });
    asked.end();
  });
}

/** RFC 6455 4.2.2: without it the 101 could be anything's. */
function isProof({ headers }: IncomingMessage, key: string): boolean {
  // eslint-disable-next-line sonarjs/hashing -- the RFC says SHA-1; it proves that WebSocket is spoken, and guards nothing
  const expected = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  return headers.upgrade?.toLowerCase() === "websocket" && headers["sec-websocket-accept"] === expected;
}

async function* closing(answer: IncomingMessage, socket: Socket): AsyncIterable<Uint8Array> {
  try {
    for await (const piece of answer) if (piece instanceof Uint8Array) yield piece;
  } finally {
    socket.destroy();
  }
}

interface Upgraded {
  readonly answer: IncomingMessage;
  readonly upstream: Duplex;
  readonly head: Buffer;
}

function takeOver({ signal }: HttpRequest, { answer, upstream, head: first }: Upgraded): HttpResponse {
  return {
    status: 101,
    headers: {},
    takeOver({ socket, head }: RawConnection) {
      if (signal.aborted || upstream.destroyed) {
        socket.destroy();
        upstream.destroy();
        return;
      }
      const cut = (): void => {
        socket.destroy();
        upstream.destroy();
      };
      signal.addEventListener("abort", cut, { once: true });
      // Two pipelines listen on each.
      for (const end of [socket, upstream]) end.setMaxListeners(24);
      socket.write(statusLine(answer), "latin1");
      if (first.byteLength > 0) socket.write(first);
      if (head.byteLength > 0) upstream.write(head);
      // One direction may end before the other; when one breaks, both do.
      pipeline(socket, upstream, brokenBy(cut));
      pipeline(upstream, socket, brokenBy(cut));
      // What was read before the end is still written; then the client's side ends too.
      upstream.once("close", () => {
        signal.removeEventListener("abort", cut);
        socket.end();
      });
      socket.once("close", cut);
    },
  };
}

const brokenBy =
  (cut: () => void) =>
  (error: NodeJS.ErrnoException | null): void => {
    if (error !== null) cut();
  };

function statusLine({ headers }: IncomingMessage): string {
  const kept = answerHeaders(headers);
  delete kept["content-security-policy"];
  const lines = Object.entries(kept).flatMap(([name, value]) => [value].flat().flatMap((one) => (isHeader(name, one) ? [`${name}: ${one}`] : [])));
  return ["HTTP/1.1 101 Switching Protocols", "Connection: Upgrade", "Upgrade: websocket", ...lines, "", ""].join("\r\n");
}
