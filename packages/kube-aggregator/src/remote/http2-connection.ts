import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { pipeline, Readable } from "node:stream";
import type { TLSSocket } from "node:tls";
import { abortReason } from "@dataplane/meta";
import { accessFailure } from "./open-tls.js";
import type { RemoteAnswer } from "./remote-transport.js";
import type { SentRequest } from "./sent-request.js";

/** How often a connection that somebody waits on is looked at. A quiet one is asked for a sign of life each time. */
const lookEveryMs = 500;
/** A server from which nothing came for so long is gone: with a look more on each side, that is under 5 s. */
const silenceMs = 3_500;

/** Until the server's settings say otherwise. */
const streamsByDefault = 100;

/** One HTTP/2 connection (RFC 9113) to a server behind. */
export class Http2Connection {
  readonly #authority: string;
  readonly #session: ClientHttp2Session;
  readonly #socket: TLSSocket;
  #streams = 0;
  #looking: NodeJS.Timeout | undefined;
  #lookedAt = 0;
  #heardAt = 0;
  #bytesHeard = 0;

  constructor(socket: TLSSocket, authority: string) {
    this.#authority = authority;
    this.#socket = socket;
    this.#session = connect(`https://${authority}`, { createConnection: () => socket, settings: { enablePush: false } });
    // A wide window for the connection: one answer that is read slowly must not hold up the others.
    this.#session.once("connect", () => this.#session.setLocalWindowSize(8 * 1024 * 1024));
    this.#session.on("error", () => undefined);
    this.#session.once("close", () => clearInterval(this.#looking));
    this.#session.on("goaway", () => this.#session.close());
    // It keeps no process alive that has nothing else to do.
    this.#session.unref();
  }

  /** Resolves when the server has said how many requests it takes at once. Rejects with RemoteFailure when it does not, in time. */
  settled(withinMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (why: string): void => {
        clearTimeout(late);
        reject(accessFailure(this.#authority, new Error(why)));
      };
      const late = setTimeout(() => {
        this.#session.destroy();
        fail("no HTTP/2 settings in time");
      }, withinMs);
      this.#session.once("close", () => fail("the connection was closed before its settings came"));
      this.#session.once("remoteSettings", () => {
        clearTimeout(late);
        if (this.hasRoom) resolve();
        else fail("the server takes no requests");
      });
    });
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
      const fail = (error: unknown): void => reject(signal.aborted ? abortReason(signal) : accessFailure(this.#authority, error));
      stream.once("error", fail);
      stream.once("close", () => fail(new Error("the server closed the connection without an answer")));
      stream.once("response", ({ ":status": status = 502, ...answered }) => {
        resolve({ status, headers: plainHeaders(answered), body: this.#whole(stream), discard: cut });
      });
    });
  }

  /** A connection that closes ends its streams without an error: only the server's own end of the stream makes an answer whole. */
  async *#whole(stream: ClientHttp2Stream): AsyncIterable<Uint8Array> {
    try {
      for await (const piece of stream) if (piece instanceof Uint8Array) yield piece;
    } catch (thrown) {
      throw accessFailure(this.#authority, thrown);
    }
    if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw accessFailure(this.#authority, new Error("the answer broke off"));
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
    this.#look();
    stream.once("close", () => {
      this.#streams -= 1;
      if (this.#streams > 0) return;
      clearInterval(this.#looking);
      this.#looking = undefined;
    });
  }

  #look(): void {
    if (this.#looking !== undefined) return;
    const now = performance.now();
    this.#lookedAt = now;
    this.#heardAt = now;
    this.#looking = setInterval(() => this.#listen(), lookEveryMs).unref();
  }

  /** A peer that is gone without a word answers nothing, and TCP would wait for minutes. Anything that comes is a sign of life, not only an answer to a ping. */
  #listen(): void {
    const now = performance.now();
    // What came while this process did something else is not read yet: that time is not the server's.
    this.#heardAt += Math.max(0, now - this.#lookedAt - lookEveryMs);
    this.#lookedAt = now;
    const { bytesRead } = this.#socket;
    if (bytesRead !== this.#bytesHeard) this.#heardAt = now;
    this.#bytesHeard = bytesRead;
    if (now - this.#heardAt >= silenceMs) this.#session.destroy(new Error("the server does not answer any more"));
    else if (now > this.#heardAt && !this.#session.destroyed) this.#session.ping(() => undefined);
  }
}

const plainHeaders = (headers: NodeJS.Dict<string | string[] | number>): RemoteAnswer["headers"] =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, typeof value === "number" ? String(value) : value]));
