import { type IncomingMessage, type OutgoingHttpHeader, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { type HttpBody, type HttpResponse, isPushed, LightAbort, type PushedBody } from "@dataplane/meta";

export type Incoming = IncomingMessage | Http2ServerRequest;
export type Outgoing = ServerResponse | Http2ServerResponse;

/** Who waits for an answer, and what of it is worth doing while that is so. */
export class Client {
  /** Of the request: it may abort while the client still waits, for the time is over. */
  readonly signal = new LightAbort();
  #isGone = false;
  #left: (() => void) | undefined;

  get isGone(): boolean {
    return this.#isGone;
  }

  leave(): void {
    this.#isGone = true;
    this.signal.abort(new Error("the client went away"));
    this.#left?.();
  }

  /** Resolves when it takes more, or is gone. */
  drained(outgoing: Outgoing): Promise<void> {
    if (this.#isGone) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        this.#left = undefined;
        outgoing.off("drain", done);
        resolve();
      };
      this.#left = done;
      outgoing.on("drain", done);
    });
  }
}

export async function write(response: HttpResponse, incoming: Incoming, outgoing: Outgoing, client: Client): Promise<void> {
  const { body, onSent } = response;
  const overHttp2 = incoming.httpVersionMajor === 2;
  if (!incoming.complete) discard(incoming, outgoing, overHttp2);
  // Over HTTP/2 the session may still hold what a stream has finished with.
  if (onSent !== undefined && !overHttp2) outgoing.once("finish", onSent);
  if (body instanceof Uint8Array && outgoing instanceof ServerResponse && incoming.method !== "HEAD") {
    writeWhole(response, body, outgoing);
    return;
  }
  outgoing.statusCode = response.status;
  for (const [name, value] of Object.entries(response.headers)) {
    // HTTP/2 knows no connection headers, and Node throws on them (RFC 9113 8.2.2).
    if (value === undefined || (overHttp2 && connectionHeaders.has(name))) continue;
    outgoing.setHeader(name, typeof value === "string" ? value : [...value]);
  }
  if (body === undefined || incoming.method === "HEAD") {
    outgoing.end();
    return;
  }
  if (isPushed(body)) await push(body, outgoing, client);
  else if (isStream(body)) await pipe(body, outgoing, client);
  else end(body, outgoing);
}

const connectionHeaders = new Set(["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]);

/** A text and its headers are one write to Node; bytes are another one beside them, which costs more than the copy of so few. */
const fewBytes = 12 * 1024;

/** Headers all at once: one by one Node keeps them, to be asked for and changed. */
function writeWhole({ status, headers }: HttpResponse, body: Uint8Array, outgoing: ServerResponse): void {
  const flat: (string | string[])[] = [];
  // Own names only, as of Object.entries: it is what an object literal has.
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (value !== undefined) flat.push(name, typeof value === "string" ? value : [...value]);
  }
  flat.push("content-length", String(body.byteLength));
  outgoing.writeHead(status, flat as OutgoingHttpHeader[]);
  if (body.byteLength > fewBytes) outgoing.end(body);
  else outgoing.end(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("latin1"), "latin1");
}

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
function push(body: PushedBody, outgoing: Outgoing, client: Client): Promise<void> {
  sendHeaders(outgoing);
  return new Promise((resolve, reject) => {
    const stop = body.pushTo({
      write: (piece) => !client.isGone && send(outgoing, piece),
      onDrain: (listener) => outgoing.on("drain", listener),
      end() {
        if (!client.isGone) outgoing.end();
        resolve();
      },
      fail: reject,
    });
    client.signal.addEventListener("abort", stop, { once: true });
  });
}

async function pipe(body: AsyncIterable<Uint8Array>, outgoing: Outgoing, client: Client): Promise<void> {
  sendHeaders(outgoing);
  for await (const piece of body) {
    if (client.isGone) return;
    if (!send(outgoing, piece)) await client.drained(outgoing);
  }
  outgoing.end();
}

// The two Node types share this call, but not one signature.
const send = (outgoing: Outgoing, piece: Uint8Array): boolean => (outgoing as NodeJS.WritableStream).write(piece);
