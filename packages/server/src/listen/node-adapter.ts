import type { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { constants, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import {
  type Handler,
  type Headers,
  type HttpBody,
  type HttpRequest,
  type HttpResponse,
  isPushed,
  type Logger,
  type PushedBody,
} from "@dataplane/meta";
import { isForOneHost } from "./host-header.js";
import { peerCertificateOf } from "./peer-certificate.js";

type Incoming = IncomingMessage | Http2ServerRequest;
type Outgoing = ServerResponse | Http2ServerResponse;

/** Answers Node's requests by a Handler, which is the outermost filter and so never rejects but by a bug. */
export function nodeListener(handler: Handler, logger: Logger): (incoming: Incoming, outgoing: Outgoing) => void {
  return (incoming, outgoing) => {
    if (!isForOneHost(incoming)) {
      refuse(outgoing);
      return;
    }
    respond(handler, incoming, outgoing).catch((error: unknown) => {
      logger.error({ err: error, method: incoming.method }, "request broke outside the handler");
      breakOff(incoming);
    });
  };
}

/** Before the handler, whose routes and links believe the host. */
function refuse(outgoing: Outgoing): void {
  outgoing.statusCode = 400;
  if (!("stream" in outgoing)) outgoing.setHeader("connection", "close");
  outgoing.setHeader("content-type", "text/plain; charset=utf-8");
  outgoing.end("400 Bad Request: malformed Host header");
}

async function respond(handler: Handler, incoming: Incoming, outgoing: Outgoing): Promise<void> {
  const gone = new AbortController();
  outgoing.once("close", () => {
    if (!isWhole(outgoing)) gone.abort(new Error("the client went away"));
  });
  const response = await handler(new NodeRequest(incoming, gone.signal));
  if (gone.signal.aborted) return;
  response.cut?.addEventListener("abort", () => breakOff(incoming), { once: true, signal: gone.signal });
  await write(response, incoming, outgoing, gone.signal);
}

/**
 * Over HTTP/2 the stream is reset: a request that is destroyed there still has a response, which would end as if it were whole. So would it
 * over HTTP/1.1 once the request was read to its end: there the connection is broken, which is the request's alone.
 */
function breakOff(incoming: Incoming): void {
  if ("stream" in incoming) incoming.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else incoming.socket.destroy();
}

/** Whether a response that has closed was sent to its end. Over HTTP/2 a stream that was reset calls itself finished too. */
const isWhole = (outgoing: Outgoing): boolean =>
  "stream" in outgoing ? outgoing.writableEnded && outgoing.stream.rstCode === constants.NGHTTP2_NO_ERROR : outgoing.writableFinished;

export class NodeRequest implements HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly rawHeaders: readonly string[];
  readonly body: AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
  readonly remoteAddress: string;
  readonly scheme: "http" | "https";
  readonly peerCertificate?: X509Certificate;
  readonly context = {};
  readonly query: URLSearchParams;
  readonly rawQuery: string;
  readonly upgrade?: HttpRequest["upgrade"] & string;

  constructor(incoming: Incoming, signal: AbortSignal, upgrade?: HttpRequest["upgrade"]) {
    const url = incoming.url ?? "/";
    const mark = url.indexOf("?");
    this.method = incoming.method ?? "GET";
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.rawQuery = mark < 0 ? "" : url.slice(mark + 1);
    this.query = new URLSearchParams(this.rawQuery);
    this.headers = incoming.headers;
    this.rawHeaders = incoming.rawHeaders;
    // Whoever stops reading has an answer to give; destroying the request would take the connection from under it.
    this.body = { [Symbol.asyncIterator]: () => incoming.iterator({ destroyOnReturn: false }) };
    this.signal = signal;
    this.remoteAddress = incoming.socket.remoteAddress ?? "";
    this.scheme = "encrypted" in incoming.socket ? "https" : "http";
    const certificate = peerCertificateOf(incoming.socket);
    if (certificate !== undefined) this.peerCertificate = certificate;
    if (upgrade !== undefined) this.upgrade = upgrade;
  }
}

export async function write(response: HttpResponse, incoming: Incoming, outgoing: Outgoing, signal: AbortSignal): Promise<void> {
  outgoing.statusCode = response.status;
  const overHttp2 = incoming.httpVersionMajor === 2;
  for (const [name, value] of Object.entries(response.headers)) {
    // HTTP/2 knows no connection headers, and Node throws on them (RFC 9113 8.2.2).
    if (value === undefined || (overHttp2 && connectionHeaders.has(name))) continue;
    outgoing.setHeader(name, typeof value === "string" ? value : [...value]);
  }
  if (!incoming.complete) discard(incoming, outgoing, overHttp2);
  const { body, onSent } = response;
  // Over HTTP/2 the session may still hold what a stream has finished with.
  if (onSent !== undefined && !overHttp2) outgoing.once("finish", onSent);
  if (body === undefined || incoming.method === "HEAD") {
    outgoing.end();
    return;
  }
  if (isPushed(body)) await push(body, outgoing, signal);
  else if (isStream(body)) await pipe(body, outgoing, signal);
  else end(body, outgoing);
}

const connectionHeaders = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]);

/** How long a client may go on sending a body that nobody reads. */
const lingerMs = 5_000;

/**
 * An answer given before the body was read. A connection that closes while the client still writes would lose the client the answer
 * (RFC 9112 9.6), so what comes is dropped, for a while.
 */
function discard(incoming: Incoming, outgoing: Outgoing, overHttp2: boolean): void {
  const length = Number(incoming.headers["content-length"] ?? (incoming.headers["transfer-encoding"] === undefined ? 0 : Number.NaN));
  if (length === 0) return;
  incoming.resume();
  if (overHttp2) return;
  const { socket } = outgoing;
  const late = setTimeout(() => socket?.destroy(), lingerMs).unref();
  incoming.once("end", () => clearTimeout(late)).once("close", () => clearTimeout(late));
}

const isStream = (body: HttpBody): body is AsyncIterable<Uint8Array> => typeof body === "object" && Symbol.asyncIterator in body;

function end(body: Exclude<HttpBody, AsyncIterable<Uint8Array>>, outgoing: Outgoing): void {
  if (typeof body === "string" || body instanceof Uint8Array) {
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    outgoing.setHeader("content-length", bytes.byteLength);
    outgoing.end(bytes);
    return;
  }
  let length = 0;
  for (const piece of body) length += piece.byteLength;
  outgoing.setHeader("content-length", length);
  // Written in one turn, the pieces leave together.
  for (const piece of body) send(outgoing, piece);
  outgoing.end();
}

/** What the first piece waits for must not hold up the status and headers. */
function sendHeaders(outgoing: Outgoing): void {
  // Not flushHeaders(): that writes them as UTF-8, and bytes beyond ASCII stand in them as Latin-1, as in all of Node.
  if ("flushHeaders" in outgoing) outgoing.write("", "latin1");
  else outgoing.writeHead(outgoing.statusCode);
}

/** Rejects with what the maker of the body failed with. */
function push(body: PushedBody, outgoing: Outgoing, signal: AbortSignal): Promise<void> {
  sendHeaders(outgoing);
  return new Promise((resolve, reject) => {
    const stop = body.pushTo({
      write: (piece) => !signal.aborted && send(outgoing, piece),
      onDrain: (listener) => outgoing.on("drain", listener),
      end() {
        if (!signal.aborted) outgoing.end();
        resolve();
      },
      fail: reject,
    });
    signal.addEventListener("abort", stop, { once: true });
  });
}

async function pipe(body: AsyncIterable<Uint8Array>, outgoing: Outgoing, signal: AbortSignal): Promise<void> {
  sendHeaders(outgoing);
  for await (const piece of body) {
    if (signal.aborted) return;
    // The signal aborts when the response closes; a listener for that here would stay behind at every pause.
    if (!send(outgoing, piece)) await once(outgoing, "drain", { signal }).catch(() => undefined);
  }
  outgoing.end();
}

// The two Node types share this call, but not one signature.
const send = (outgoing: Outgoing, piece: Uint8Array): boolean => (outgoing as NodeJS.WritableStream).write(piece);
