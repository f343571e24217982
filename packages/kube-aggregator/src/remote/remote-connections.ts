import { Agent } from "node:https";
import { unlessAborted } from "@dataplane/meta";
import { exchangeHttp1 } from "./http1-exchange.js";
import { Http2Connection } from "./http2-connection.js";
import { connectTimeoutMs, openTls } from "./open-tls.js";
import type { RemoteTarget } from "./remote-target.js";
import type { RemoteAnswer, RemoteUpgrade } from "./remote-transport.js";
import type { SentRequest } from "./sent-request.js";

/** The connections to one server: a few of HTTP/2, or, where it does not speak that, those of HTTP/1.1. */
export class RemoteConnections {
  readonly target: RemoteTarget;
  #http2: Http2Connection[] = [];
  #http1: Agent | undefined;
  #opening: Promise<void> | undefined;
  #isRetired = false;

  constructor(target: RemoteTarget) {
    this.target = target;
  }

  /** A request that the server has not begun with, or may see twice, goes once more over another connection. */
  async request(sent: SentRequest): Promise<RemoteAnswer> {
    try {
      return await this.#send(sent);
    } catch (thrown) {
      if (sent.signal.aborted || !mayRepeat(sent, thrown)) throw thrown;
      return this.#send(sent);
    }
  }

  /** Those who wait for one connection may be more than it takes: the rest wait for the next. */
  async #send(sent: SentRequest): Promise<RemoteAnswer> {
    for (;;) {
      // Found and taken in one turn: in between others would find the same room.
      const asked = this.#http2.find(({ hasRoom }) => hasRoom)?.request(sent) ?? (this.#http1 && exchangeHttp1(this.target, sent, this.#http1));
      if (asked !== undefined) return stayedHttp(await asked);
      await this.#open(sent.signal);
    }
  }

  /** Over a connection of its own. */
  upgrade(sent: SentRequest): Promise<RemoteAnswer | RemoteUpgrade> {
    return exchangeHttp1(this.target, sent, new Agent({ keepAlive: false, timeout: 0 }));
  }

  /** No new requests; those that are under way end in their own time. */
  retire(): void {
    this.#isRetired = true;
    for (const connection of this.#http2) connection.retire();
    // Connections that are in use go on: only idle ones are closed.
    for (const socket of Object.values(this.#http1?.freeSockets ?? {}).flat()) socket?.destroy();
  }

  destroy(): void {
    this.#isRetired = true;
    for (const connection of this.#http2) connection.destroy();
    this.#http1?.destroy();
  }

  /** Several requests at once wait for one connection. */
  #open(signal: AbortSignal): Promise<void> {
    this.#opening ??= this.#negotiate().finally(() => {
      this.#opening = undefined;
    });
    return unlessAborted(this.#opening, signal);
  }

  async #negotiate(): Promise<void> {
    const socket = await openTls(this.target, ["h2", "http/1.1"]);
    if (socket.alpnProtocol !== "h2") {
      socket.destroy();
      this.#http1 ??= new Agent({ keepAlive: true, maxFreeSockets: 8, timeout: 90_000 + connectTimeoutMs });
      return;
    }
    const connection = new Http2Connection(socket, this.target.authority);
    await connection.settled(connectTimeoutMs);
    this.#http2 = [...this.#http2.filter(({ isUsable }) => isUsable), connection];
    // Those who wait for it take it first.
    if (this.#isRetired) setImmediate(() => connection.retire());
  }
}

function stayedHttp(answer: RemoteAnswer | RemoteUpgrade): RemoteAnswer {
  if (!("socket" in answer)) return answer;
  answer.socket.destroy();
  throw new Error("the server left HTTP without being asked to");
}

const unprocessed = new Set(["ERR_HTTP2_INVALID_SESSION", "ERR_HTTP2_GOAWAY_SESSION"]);

/** RFC 9113 8.7, and RFC 9110 9.2.2 for a connection that was closed as it was used again. */
function mayRepeat({ method, body }: SentRequest, thrown: unknown): boolean {
  if (body !== undefined && !(body instanceof Uint8Array)) return false;
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  if (!(cause instanceof Error)) return false;
  const code = "code" in cause ? String(cause.code) : "";
  if (unprocessed.has(code) || cause.message.includes("NGHTTP2_REFUSED_STREAM")) return true;
  return (method === "GET" || method === "HEAD") && code === "ECONNRESET";
}
