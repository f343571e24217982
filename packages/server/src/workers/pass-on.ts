import { once } from "node:events";
import type { ClientRequest, IncomingMessage } from "node:http";
import { Agent, request as httpsRequest, type RequestOptions } from "node:https";
import type { Socket } from "node:net";
import type { Authentication, Authenticator } from "@dataplane/apiserver";
import {
  type BodySink,
  badRequest,
  type Handler,
  type Headers,
  type HttpRequest,
  type HttpResponse,
  hopByHopNames,
  identityHeaders,
  type PushedBody,
  pulled,
  unavailable,
} from "@dataplane/meta";
import type { ControlIdentity } from "./messages.js";
import { hasBody, passedHeaders, passedOnHeaders } from "./passed-headers.js";

export interface PassOnOptions {
  readonly socketPath: string;
  readonly identity: ControlIdentity;
  /** Knows who shows a certificate, which the control process cannot see: it is told the user. */
  readonly certificates: Authenticator;
}

/**
 * Passes a request on to the control process as it came, and the answer back: bodies as they come, both ways, upgrades as tunnels. Who asks
 * is found out there, but for those who show a certificate, and those who have passed the filters here. Throws ServiceUnavailable while
 * that process cannot be reached.
 */
export function passOn({ socketPath, identity: { key, cert }, certificates }: PassOnOptions): Handler {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 256 });
  const tls = { socketPath, agent, key, cert, ca: cert, servername: "localhost" };
  return async (request) => {
    const found = await identityOf(request, certificates);
    const { method, path, rawQuery, query } = request;
    const search = rawQuery ?? query.toString();
    const sent = open({ ...tls, method, path: search === "" ? path : `${path}?${search}`, headers: [...headersOf(request, found)] });
    const abort = (): void => void sent.destroy();
    request.signal.addEventListener("abort", abort, { once: true });
    return exchange(sent, request);
  };
}

/** HTTP/2 lets more through than HTTP/1.1 can say. */
function open(options: RequestOptions): ClientRequest {
  try {
    return httpsRequest(options);
  } catch (cause) {
    throw badRequest("the request has what HTTP/1.1 cannot say", { cause });
  }
}

async function identityOf(request: HttpRequest, certificates: Authenticator): Promise<Authentication | undefined> {
  const { user, userExpires, credentialHeaders = [] } = request.context;
  if (user !== undefined) return { user, credentialHeaders, ...(userExpires === undefined ? {} : { expires: userExpires }) };
  return request.peerCertificate === undefined ? undefined : certificates.authenticate(request)?.catch(() => undefined);
}

function headersOf(request: HttpRequest, found: Authentication | undefined): readonly string[] {
  const headers = passedOnHeaders(request, found?.credentialHeaders ?? []);
  headers.push(passedHeaders.remoteAddress, request.remoteAddress, passedHeaders.scheme, request.scheme ?? "http");
  if (found !== undefined) {
    for (const [name, values] of Object.entries(identityHeaders(found.user))) for (const value of [values].flat()) headers.push(name, value);
    if (found.expires !== undefined) headers.push(passedHeaders.userExpires, String(found.expires));
  }
  if (request.upgrade !== undefined)
    headers.push("connection", "Upgrade", "upgrade", [request.headers["upgrade"] ?? request.upgrade].flat().join(""));
  return headers;
}

function exchange(sent: ClientRequest, request: HttpRequest): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    sent.on("error", (error) => reject(request.signal.aborted ? error : unavailable("the control process cannot be reached")));
    sent.once("response", (answer) => resolve(passedBack(answer, request)));
    sent.once("upgrade", (answer, socket, head) => resolve(tunnel(answer, socket, head)));
    // What is left to send when the answer has begun is of no matter to it.
    void send(sent, request).catch((error: unknown) => sent.destroy(error instanceof Error ? error : undefined));
  });
}

async function send(sent: ClientRequest, request: HttpRequest): Promise<void> {
  if (request.upgrade === undefined && hasBody(request)) {
    for await (const piece of request.body) {
      if (sent.destroyed) return;
      if (!sent.write(piece)) await once(sent, "drain", { signal: request.signal });
    }
  }
  sent.end();
}

function passedBack(answer: IncomingMessage, request: HttpRequest): HttpResponse {
  const headers = answeredHeaders(answer.headersDistinct);
  if (request.method === "HEAD") {
    answer.resume();
    return { status: answer.statusCode ?? 502, headers };
  }
  const cut = new AbortController();
  return { status: answer.statusCode ?? 502, headers, body: bodyOf(answer, request.signal, cut), cut: cut.signal };
}

/** Pushed on as they come, since a stream may be of thousands of small pieces. An answer that breaks off is cut: ended, it would look whole. */
function bodyOf(answer: IncomingMessage, signal: AbortSignal, cut: AbortController): PushedBody {
  const body = {
    pushTo(sink: BodySink): () => void {
      if (answer.destroyed) cut.abort();
      let pieces: Buffer[] = [];
      const flush = (): void => {
        if (pieces.length === 0) return;
        const [first = Buffer.alloc(0)] = pieces;
        const together = pieces.length === 1 ? first : Buffer.concat(pieces);
        pieces = [];
        if (!sink.write(together)) answer.pause();
      };
      answer.on("data", (piece: Buffer) => {
        // One read of the connection brings hundreds of small pieces: they go on together.
        if (pieces.push(piece) === 1) process.nextTick(flush);
      });
      sink.onDrain(() => answer.resume());
      answer.once("end", () => {
        flush();
        sink.end();
      });
      answer.once("error", (error) => {
        if (!signal.aborted) cut.abort(error);
        sink.end();
      });
      return () => void answer.destroy();
    },
  };
  return { ...body, [Symbol.asyncIterator]: () => pulled(body) };
}

function answeredHeaders(headers: NodeJS.Dict<string[]>): Headers {
  const dropped = hopByHopNames(headers);
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, values = []]) => (dropped.has(name) ? [] : [[name, values.length === 1 ? (values[0] ?? "") : values]])),
  );
}

/** Both ways from here on, the 101 as it was written. */
function tunnel(answer: IncomingMessage, behind: Socket, behindHead: Buffer): HttpResponse {
  return {
    status: 101,
    headers: {},
    takeOver({ socket, head }) {
      const lines = [`HTTP/1.1 101 ${answer.statusMessage ?? "Switching Protocols"}`];
      for (let index = 0; index + 1 < answer.rawHeaders.length; index += 2) {
        lines.push(`${answer.rawHeaders[index] ?? ""}: ${answer.rawHeaders[index + 1] ?? ""}`);
      }
      socket.write(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), behindHead]));
      if (head.length > 0) behind.write(head);
      behind.pipe(socket).pipe(behind);
      for (const [one, other] of [
        [behind, socket],
        [socket, behind],
      ] as const) {
        one.on("error", () => other.destroy());
        one.on("close", () => other.destroy());
      }
    },
  };
}
