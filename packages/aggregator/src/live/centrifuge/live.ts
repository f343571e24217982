import { ApiError, type HttpRequest, type HttpResponse, type Logger, notFound } from "@dataplane/meta";
import { type WebSocket, WebSocketServer } from "ws";
import type { LegacyOptions } from "../../legacy/legacy-handler.js";
import type { ChannelLimits } from "../channel.js";
import type { ChannelState, StreamPosition } from "../channels.js";
import { requireOwnOrigin } from "../own-origin.js";
import { clientChannelName, type LiveChannel } from "./channel-name.js";
import { LiveAccess } from "./live-access.js";
import { type LiveClient, LiveConnection } from "./live-connection.js";
import { type FanOut, LocalChannels } from "./local-channels.js";
import { Presence } from "./presence.js";

export interface LiveSettings {
  /** `[live] max_connections`: 0 turns Live off, -1 is no bound. */
  readonly maxConnections: number;
  /** Of pages besides our own that may connect; one `*` in each stands for any text. */
  readonly allowedOrigins: readonly string[];
  /** Most bytes of one frame of a client. */
  readonly messageMaxBytes: number;
  /** Most bytes that wait for one client. */
  readonly queueMaxBytes: number;
  /** And messages. */
  readonly queueMaxMessages?: number;
  /** What each channel of no plugin keeps for clients that come back, in messages and in bytes. */
  readonly historySize?: number;
  readonly historyMaxBytes?: number;
  /** `[server] root_url`. */
  readonly rootUrl: string;
  /** 25 s unless told. */
  readonly pingMs?: number;
  /** How long an answer to a ping may take; 8 s unless told. */
  readonly pongMs?: number;
  /** How long a client may take to say connect; 15 s unless told. */
  readonly staleMs?: number;
}

export interface LiveOptions extends Pick<LegacyOptions, "plugins" | "contexts" | "authorizer" | "channels" | "sendUserHeader"> {
  readonly settings: LiveSettings;
  readonly version: string;
  /** Connections end, and no more begin, when it aborts. */
  readonly stopping?: AbortSignal;
  /** Takes what is published in channels without a plugin to the other servers; there are none when absent. */
  readonly fanOut?: FanOut;
  readonly logger: Logger;
}

/** A channel that somebody opened. */
export interface OpenChannel {
  readonly name: LiveChannel;
  readonly state: ChannelState;
}

const patienceMs = 100;
/** RFC 6455 7.4.1. */
const goingAway = 1001;
/** Names the form of the protocol that is spoken here; clients of the other, Protobuf, are told at once. */
const subprotocol = "centrifuge-json";

/** Grafana Live: its clients, and the channels that they know. */
export class Live {
  readonly access: LiveAccess;
  readonly local: LocalChannels;
  readonly #options: LiveOptions;
  readonly #presence = new Presence();
  readonly #server: WebSocketServer;
  /** Requests whose connections are open. */
  readonly #open = new Set<HttpRequest>();
  /** What is open, and how each is ended when the server stops. */
  readonly #connections = new Map<WebSocket, () => void>();

  constructor(options: LiveOptions) {
    const { settings, logger, stopping } = options;
    this.#options = options;
    const { historySize = 100, historyMaxBytes = 1 << 20, queueMaxMessages = 4096, queueMaxBytes } = settings;
    const limits: ChannelLimits = {
      history: { messages: historySize, bytes: historyMaxBytes },
      queue: { messages: queueMaxMessages, bytes: queueMaxBytes },
      patienceMs,
    };
    this.local = new LocalChannels(limits, logger, stopping, options.fanOut);
    this.access = new LiveAccess({ ...options, owners: new Map() }, this.local);
    this.#server = new WebSocketServer({
      ...{ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: settings.messageMaxBytes },
      handleProtocols: (offered) => offered.has(subprotocol) && subprotocol,
    });
    stopping?.addEventListener("abort", () => this.#shutDown(), { once: true });
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Takes a WebSocket over: a client's, or what `begin` makes of it. Throws Forbidden for a page of another site, TooManyRequests when there are too many. */
  connect(request: HttpRequest, begin?: (webSocket: WebSocket) => void): HttpResponse {
    const { settings, stopping } = this.#options;
    if (request.upgrade !== "websocket") {
      throw new ApiError("BadRequest", "this path is a WebSocket", { code: 426, headers: { upgrade: "websocket", connection: "Upgrade" } });
    }
    if (settings.maxConnections === 0) throw notFound("paths", "live");
    requireOwnOrigin(request, settings.rootUrl, settings.allowedOrigins);
    if (stopping?.aborted === true) throw new ApiError("ServiceUnavailable", "the server is stopping", { details: { retryAfterSeconds: 1 } });
    if (settings.maxConnections > 0 && this.#open.size >= settings.maxConnections) {
      throw new ApiError("TooManyRequests", "there are too many connections ([live] max_connections)", { details: { retryAfterSeconds: 10 } });
    }
    // Its signal aborts when the connection closes, and also when it closed before anybody took it over.
    this.#open.add(request);
    request.signal.addEventListener("abort", () => this.#open.delete(request), { once: true });
    if (request.signal.aborted) this.#open.delete(request);
    return {
      status: 101,
      headers: {},
      takeOver: ({ incoming, socket, head }) => {
        socket.once("close", () => this.#open.delete(request));
        this.#server.handleUpgrade(incoming, socket, head, (webSocket) => {
          this.#connections.set(webSocket, () => webSocket.close(goingAway));
          webSocket.once("close", () => this.#connections.delete(webSocket));
          if (begin === undefined) this.#begin({ webSocket, socket, request });
          else begin(webSocket);
        });
      },
    };
  }

  /** Of all namespaces. */
  list(): readonly OpenChannel[] {
    const streams = this.#options.channels?.list() ?? [];
    return [...streams.map((state) => ({ name: this.access.nameOf(state.key), state })), ...this.local.list()];
  }

  #begin(client: LiveClient): void {
    const { settings, version, logger } = this.#options;
    const connection = new LiveConnection(client, {
      access: this.access,
      presence: this.#presence,
      positionOf: (channel) => this.#positionOf(channel),
      serverVersion: version,
      queueMaxBytes: settings.queueMaxBytes,
      pingMs: settings.pingMs ?? 25_000,
      pongMs: settings.pongMs ?? 8_000,
      staleMs: settings.staleMs ?? 15_000,
      logger,
    });
    this.#connections.set(client.webSocket, () => connection.shutDown());
  }

  #positionOf(channel: LiveChannel): StreamPosition | undefined {
    const name = clientChannelName(channel);
    return this.list().find((it) => clientChannelName(it.name) === name)?.state.position;
  }

  #shutDown(): void {
    for (const end of this.#connections.values()) end();
  }
}
