import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { pipeline, Readable } from "node:stream";
import type { TLSSocket } from "node:tls";
import { accessFailure } from "./open-tls.js";
import type { RemoteAnswer } from "./remote-transport.js";
import type { SentRequest } from "./sent-request.js";

/** A ping goes out this often while somebody waits for the server; its answer may take as long again and a little more. */
const pingEveryMs = 1_500;
const pingTimeoutMs = 2_500;

/** Until the server's settings say otherwise. */
const streamsByDefault = 100;

/** One HTTP/2 connection (RFC 9113) to a server behind. */
export class Http2Connection {
  readonly #authority: string;
  readonly #session: ClientHttp2Session;
  #streams = 0;
  #pinging: NodeJS.Timeout | undefined;

  constructor(socket: TLSSocket, authority: string) {
    this.#authority = authority;
    this.#session = connect(`https://${authority}`, { createConnection: () => socket, settings: { enablePush: false } });
    // A wide window for the connection: one answer that is read slowly must not hold up the others.
    this.#session.once("connect", () => this.#session.setLocalWindowSize(8 * 1024 * 1024));
    this.#session.on("error", () => undefined);
    this.#session.once("close", () => clearInterval(this.#pinging));
    this.#session.on("goaway", () => this.#session.close());
    // It keeps no process alive that has nothing else to do.
    this.#session.unref();
  }

  get isUsable(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  /** Whether one more request begins at once. */
  get hasRoom(): boolean {
    return this.isUsable && this.#streams < (this.#session.remoteSettings.maxConcurrentStreams ?? streamsByDefault);
  }

  get isIdle(): boolean {
    return this.#streams === 0;
  }

  /** Resolves with the answer's headers. Rejects with RemoteFailure, or the signal's reason. */
  async request(sent: SentRequest): Promise<RemoteAnswer> {
    let stream: ClientHttp2Stream;
    try {
      stream = this.#open(sent);
    } catch (thrown) {
      // It was closed since it was chosen.
      throw accessFailure(this.#authority, thrown);
    }
    return this.#answered(stream, sent);
  }

  #open({ method, path, headers, body }: SentRequest): ClientHttp2Stream {
    const all = { ...headers, ":method": method, ":path": path, ":authority": this.#authority };
    return this.#session.request(all, { endStream: body === undefined });
  }

  #answered(stream: ClientHttp2Stream, { body, signal }: SentRequest): Promise<RemoteAnswer> {
    this.#begin(stream);
    const cut = (): void => stream.close(constants.NGHTTP2_CANCEL);
    signal.addEventListener("abort", cut, { once: true });
    stream.once("close", () => signal.removeEventListener("abort", cut));
    if (signal.aborted) cut();
    if (body instanceof Uint8Array) stream.end(body);
    // A server may answer before it has read the whole body; then the rest is of no use.
    else if (body !== undefined) pipeline(Readable.from(body, { objectMode: false }), stream, () => undefined);
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => reject(signal.aborted ? reasonOf(signal) : accessFailure(this.#authority, error));
      stream.once("error", fail);
      stream.once("close", () => fail(new Error("the server closed the connection without an answer")));
      stream.once("response", ({ ":status": status = 502, ...answered }) => {
        resolve({ status, headers: plainHeaders(answered), body: stream, discard: cut });
      });
    });
  }

  /** No new requests; those that are under way go on. */
  retire(): void {
    this.#session.close();
  }

  destroy(): void {
    this.#session.destroy();
  }

  #begin(stream: ClientHttp2Stream): void {
    this.#streams += 1;
    // An answer that breaks off is told to who reads it.
    stream.on("error", () => undefined);
    this.#pinging ??= setInterval(() => this.#ping(), pingEveryMs);
    stream.once("close", () => {
      this.#streams -= 1;
      if (this.#streams > 0) return;
      clearInterval(this.#pinging);
      this.#pinging = undefined;
    });
  }

  /** A peer that is gone without a word answers nothing, and TCP would wait for minutes. */
  #ping(): void {
    if (!this.isUsable && this.#session.destroyed) return;
    const late = setTimeout(() => this.#session.destroy(new Error("the server does not answer any more")), pingTimeoutMs);
    const isSent = this.#session.ping(() => clearTimeout(late));
    if (!isSent) clearTimeout(late);
  }
}

const reasonOf = (signal: AbortSignal): Error => (signal.reason instanceof Error ? signal.reason : new Error("aborted"));

const plainHeaders = (headers: NodeJS.Dict<string | string[] | number>): RemoteAnswer["headers"] =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, typeof value === "number" ? String(value) : value]));
