import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import type { ClientTls } from "@dataplane/client";
import { dataPlaneUser, identityHeaders, type JsonObject } from "@dataplane/meta";
import { framesOf, messageFrame, thrownOf } from "./call-frames.js";
import { PeerAway } from "./peer-away.js";

/** What servers of one store ask of each other. */
export type PeerOperation = "call" | "run" | "publish" | "push" | "restart" | "plugins";

export const peerPath = "/servers/v1/";

export interface PeerCall {
  readonly operation: PeerOperation;
  readonly args: JsonObject;
  readonly payload?: Uint8Array;
  readonly signal: AbortSignal;
}

/** Another server of the same store. */
export interface Peer {
  /** Messages as they come. Throws what the other side threw, PeerAway when it cannot be reached or the answer broke off. */
  ask(call: PeerCall): AsyncGenerator<Uint8Array>;
}

export interface PeersOptions {
  /** Whom to trust, and who we are, now. */
  readonly tls: () => ClientTls;
  readonly connectTimeoutMs?: number;
  /** A peer that does not answer a ping for so long while calls are open is away. */
  readonly silenceMs?: number;
  /** Of one message of an answer. */
  readonly maxMessageBytes: number;
}

const pingMs = 2_000;
const windowBytes = 8 << 20;

/** Fewer than a listener of ours takes on one connection: a stream that is relayed lasts, and calls would wait for its end. */
const streamsAConnection = 200;

interface Connection {
  readonly session: ClientHttp2Session;
  open: number;
}

/** Connections to other servers: HTTP/2, made when they are needed, another one when one is full. */
export class Peers {
  readonly #options: PeersOptions;
  readonly #connections = new Map<string, Set<Connection>>();

  constructor(options: PeersOptions) {
    this.#options = options;
  }

  at(url: string): Peer {
    return { ask: (call) => this.#ask(url, call) };
  }

  close(): void {
    for (const connections of this.#connections.values()) for (const { session } of connections) session.destroy();
    this.#connections.clear();
  }

  async *#ask(url: string, { operation, args, payload, signal }: PeerCall): AsyncGenerator<Uint8Array> {
    const stream = await this.#opened(url, operation);
    const cancel = (): void => stream.close(constants.NGHTTP2_CANCEL);
    signal.addEventListener("abort", cancel, { once: true });
    try {
      stream.end(Buffer.concat([...messageFrame(Buffer.from(JSON.stringify(args))), ...messageFrame(payload ?? new Uint8Array())]));
      await answered(stream, url);
      for await (const frame of framesOf(stream, this.#options.maxMessageBytes)) {
        if (frame.kind === "message") {
          yield frame.data;
          continue;
        }
        const thrown = thrownOf(frame.outcome);
        if (thrown !== undefined) throw thrown;
        return;
      }
      throw new PeerAway(url, "the answer broke off");
    } catch (thrown) {
      throw isOfConnection(thrown) ? new PeerAway(url, thrown.message, { cause: thrown }) : thrown;
    } finally {
      signal.removeEventListener("abort", cancel);
      if (!stream.closed) cancel();
    }
  }

  async #opened(url: string, operation: PeerOperation): Promise<ClientHttp2Stream> {
    const connection = await this.#connectionTo(url);
    try {
      const stream = connection.session.request({ ":method": "POST", ":path": `${peerPath}${operation}`, ...flat(identityHeaders(dataPlaneUser)) });
      connection.open += 1;
      stream.once("close", () => (connection.open -= 1));
      // Errors are met where the answer is read.
      stream.on("error", () => undefined);
      return stream;
    } catch (cause) {
      this.#connections.get(url)?.delete(connection);
      throw new PeerAway(url, "the connection is closed", { cause, isUnsent: true });
    }
  }

  async #connectionTo(url: string): Promise<Connection> {
    const known = this.#connections.get(url) ?? new Set();
    this.#connections.set(url, known);
    const withRoom = (): Connection | undefined =>
      [...known].find(({ session, open }) => open < streamsAConnection && !session.closed && !session.destroyed);
    const found = withRoom();
    if (found !== undefined) return found;
    const connection = { session: await connected(url, this.#options), open: 0 };
    const { session } = connection;
    const other = withRoom();
    if (other !== undefined) {
      session.close();
      return other;
    }
    const forget = (): void => void known.delete(connection);
    session.on("close", forget).on("goaway", forget);
    known.add(connection);
    watch(session, this.#options.silenceMs ?? 6_000);
    return connection;
  }
}

function connected(url: string, { tls, connectTimeoutMs = 3_000 }: PeersOptions): Promise<ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const session = connect(url, { ...tls(), settings: { initialWindowSize: windowBytes, enablePush: false } });
    const late = setTimeout(() => session.destroy(new Error("no connection in time")), connectTimeoutMs);
    session.on("error", (cause: Error) => {
      clearTimeout(late);
      reject(new PeerAway(url, cause.message, { cause, isUnsent: true }));
    });
    session.once("connect", () => {
      clearTimeout(late);
      session.setLocalWindowSize(windowBytes);
      // Nobody waits for a connection that nobody uses.
      session.unref();
      resolve(session);
    });
  });
}

/** A peer that stands still takes requests and never answers. */
function watch(session: ClientHttp2Session, silenceMs: number): void {
  let heardAt = performance.now();
  const timer = setInterval(() => {
    if (performance.now() - heardAt > silenceMs) session.destroy(new Error("the server is silent"));
    else if (!session.destroyed) session.ping(() => (heardAt = performance.now()));
  }, pingMs);
  timer.unref();
  session.once("close", () => clearInterval(timer));
}

/** Resolves with the head of the answer. */
function answered(stream: ClientHttp2Stream, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.once("response", (headers) => {
      const status = headers[":status"];
      if (status === 200) resolve();
      else reject(new PeerAway(url, `it answered ${status ?? "nothing"}`));
    });
    stream.once("error", (cause: Error) => reject(new PeerAway(url, cause.message, { cause, isUnsent: isRefused(cause) })));
    stream.once("close", () => reject(new PeerAway(url, "the connection was closed")));
  });
}

/** It was never begun: RFC 9113 8.7, or after a GOAWAY. */
const isRefused = (cause: Error): boolean => /REFUSED_STREAM|GOAWAY/.test(`${cause.message} ${"code" in cause ? String(cause.code) : ""}`);

const isOfConnection = (thrown: unknown): thrown is Error =>
  thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" && /^(?:ERR_|E[A-Z]+$)/.test(thrown.code);

const flat = (headers: Readonly<Record<string, string | readonly string[]>>): Record<string, string | string[]> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), typeof value === "string" ? value : [...value]]));
