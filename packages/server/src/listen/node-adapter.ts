import type { X509Certificate } from "node:crypto";
import { constants } from "node:http2";
import type { Handler, Headers, HttpRequest, LightAbort, Logger } from "@dataplane/meta";
import { isForOneHost } from "./host-header.js";
import { IncomingBody } from "./incoming-body.js";
import { peerCertificateOf } from "./peer-certificate.js";
import { Client, type Incoming, type Outgoing, write } from "./write-response.js";

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
  const client = new Client();
  outgoing.on("close", () => {
    if (!isWhole(outgoing)) client.leave();
  });
  const response = await handler(new NodeRequest(incoming, client.signal));
  if (client.isGone) return;
  if (response.cut !== undefined) breakOffAt(response.cut, incoming, outgoing);
  await write(response, incoming, outgoing, client);
}

function breakOffAt(cut: AbortSignal, incoming: Incoming, outgoing: Outgoing): void {
  const end = (): void => breakOff(incoming);
  cut.addEventListener("abort", end, { once: true });
  // A signal may outlive its answer.
  outgoing.on("close", () => cut.removeEventListener("abort", end));
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
  readonly body: IncomingBody;
  readonly signal: LightAbort;
  readonly remoteAddress: string;
  readonly scheme: "http" | "https";
  readonly peerCertificate?: X509Certificate;
  readonly context = {};
  readonly query: URLSearchParams;
  readonly rawQuery: string;
  readonly upgrade?: HttpRequest["upgrade"] & string;

  constructor(incoming: Incoming, signal: LightAbort, upgrade?: HttpRequest["upgrade"]) {
    const url = incoming.url ?? "/";
    const mark = url.indexOf("?");
    this.method = incoming.method ?? "GET";
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.rawQuery = mark < 0 ? "" : url.slice(mark + 1);
    this.query = new URLSearchParams(this.rawQuery);
    this.headers = incoming.headers;
    this.rawHeaders = incoming.rawHeaders;
    this.body = new IncomingBody(incoming);
    this.signal = signal;
    this.remoteAddress = incoming.socket.remoteAddress ?? "";
    this.scheme = "encrypted" in incoming.socket ? "https" : "http";
    const certificate = peerCertificateOf(incoming.socket);
    if (certificate !== undefined) this.peerCertificate = certificate;
    if (upgrade !== undefined) this.upgrade = upgrade;
  }

  end(reason: Error): void {
    this.signal.abort(reason);
  }
}
