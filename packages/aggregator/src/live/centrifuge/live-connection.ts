import { randomUUID } from "node:crypto";
import type { Duplex } from "node:stream";
import { ApiError, type HttpRequest, type Logger } from "@dataplane/meta";
import type { RawData, WebSocket } from "ws";
import { callerOf } from "../../service-types/run-queries.js";
import type { StreamPosition } from "../channels.js";
import { type LiveChannel, parseClientChannel } from "./channel-name.js";
import { type ClientMessage, type Command, parseFrame } from "./commands.js";
import type { LiveAccess } from "./live-access.js";
import { LiveSocket, type LiveSocketOptions } from "./live-socket.js";
import { pushAll, subscribeResult } from "./live-subscription.js";
import type { Presence } from "./presence.js";
import { disconnects, errorReply, type ReplyError, replyError, replyErrors } from "./protocol.js";

export interface LiveConnectionOptions extends LiveSocketOptions {
  readonly access: LiveAccess;
  readonly presence: Presence;
  /** Where a channel is now; undefined for one that nobody opened. */
  readonly positionOf: (channel: LiveChannel) => StreamPosition | undefined;
  readonly serverVersion: string;
  /** How long a client may take to say connect. */
  readonly staleMs: number;
  readonly logger: Logger;
}

/** Centrifuge's own bound. */
const maxSubscriptions = 128;
/** Commands at work before the client is read no further, and before it is sent away. */
const pauseAt = 64;
const maxAtWork = 1024;
const commandsATurn = 32;

interface OpenSubscription {
  readonly leave: AbortController;
  /** Whether the client was told that it is subscribed. */
  isReady: boolean;
}

/** A WebSocket, the socket below it, and the request that opened it. */
export interface LiveClient {
  readonly webSocket: WebSocket;
  readonly socket: Duplex;
  readonly request: HttpRequest;
}

/** One client of Grafana Live, from its WebSocket's beginning to its end. */
export class LiveConnection {
  readonly #request: HttpRequest;
  readonly #options: LiveConnectionOptions;
  readonly #socket: LiveSocket;
  readonly #id = randomUUID();
  readonly #subscriptions = new Map<string, OpenSubscription>();
  /** The last command of each channel: they are done in order. */
  readonly #last = new Map<string, Promise<void>>();
  readonly #gone = new AbortController();
  readonly #stale: NodeJS.Timeout;
  /** In the order in which they came. */
  readonly #unread: ClientMessage[] = [];
  #nextTurn: NodeJS.Immediate | undefined;
  #isConnected = false;
  #atWork = 0;

  constructor({ webSocket, socket, request }: LiveClient, options: LiveConnectionOptions) {
    this.#request = request;
    this.#options = options;
    this.#socket = new LiveSocket(webSocket, socket, options);
    this.#stale = setTimeout(() => this.#socket.disconnect(disconnects.stale), options.staleMs).unref();
    webSocket.on("message", (data, isBinary) => this.#read(data, isBinary));
    webSocket.on("error", () => this.#end());
    webSocket.once("close", () => this.#end());
  }

  shutDown(): void {
    this.#socket.disconnect(disconnects.shutdown);
  }

  #end(): void {
    clearTimeout(this.#stale);
    this.#gone.abort();
    for (const channel of [...this.#subscriptions.keys()]) this.#leave(channel);
  }

  #read(data: RawData, isBinary: boolean): void {
    if (!this.#socket.isOpen) return;
    try {
      // The protocol's other form, Protobuf, is asked for by a parameter that is not known here.
      if (isBinary || !Buffer.isBuffer(data)) throw new TypeError("a binary frame");
      this.#unread.push(...parseFrame(data.toString("utf8")));
      if (this.#unread.length + this.#atWork > maxAtWork) this.#socket.disconnect(disconnects.tooManyRequests);
      else if (this.#nextTurn === undefined) this.#takeSome();
    } catch {
      this.#socket.disconnect(disconnects.badRequest);
    }
  }

  /** The rest in the next turns: one frame may have thousands, and everybody else waits meanwhile. */
  #takeSome(): void {
    this.#nextTurn = undefined;
    if (!this.#socket.isOpen) return;
    for (const message of this.#unread.splice(0, commandsATurn)) {
      if (message === "pong") this.#socket.ponged();
      else this.#take(message);
    }
    if (this.#unread.length > 0) this.#nextTurn = setImmediate(() => this.#takeSome());
  }

  #take(command: Command): void {
    if (command.method === "connect" || !this.#isConnected) {
      this.#connect(command);
      return;
    }
    this.#atWork += 1;
    if (this.#atWork > maxAtWork) {
      this.#socket.disconnect(disconnects.tooManyRequests);
      return;
    }
    if (this.#atWork === pauseAt) this.#socket.pause();
    const { channel } = command;
    const done: Promise<void> = (this.#last.get(channel) ?? Promise.resolve())
      .then(() => this.#answer(command))
      .then(() => {
        if (this.#last.get(channel) === done) this.#last.delete(channel);
        if (this.#atWork === pauseAt) this.#socket.resume();
        this.#atWork -= 1;
      });
    this.#last.set(channel, done);
  }

  /** The first command, once. */
  #connect({ id, method }: Command): void {
    if (this.#isConnected || method !== "connect") {
      this.#socket.disconnect(disconnects.badRequest);
      return;
    }
    this.#isConnected = true;
    clearTimeout(this.#stale);
    const { serverVersion, pingMs } = this.#options;
    // Whole seconds, and at least one.
    const ping = Math.max(1, Math.round(pingMs / 1000));
    this.#socket.send(JSON.stringify({ id, connect: { client: this.#id, version: serverVersion, ping, pong: true } }));
    this.#socket.startPings();
  }

  /** Never rejects. */
  async #answer(command: Command): Promise<void> {
    if (this.#gone.signal.aborted) return;
    try {
      const { id, method } = command;
      if (method === "subscribe") {
        await this.#subscribe(command);
        return;
      }
      const answer = await this.#do(command);
      if (id !== 0) this.#socket.send(isError(answer) ? errorReply(id, answer) : JSON.stringify({ id, [method ?? ""]: answer }));
    } catch (thrown) {
      const error = ApiError.from(thrown);
      if (error.reason === "InternalError" && this.#socket.isOpen) this.#options.logger.error({ err: thrown }, "a command of Live failed");
      this.#socket.send(errorReply(command.id, replyError(error)));
    }
  }

  #do(command: Command): object | Promise<object> {
    switch (command.method) {
      case "publish":
        return this.#publish(command);
      case "unsubscribe":
        this.#leave(command.channel);
        return {};
      case "presence":
      case "presence_stats":
      case "history":
        return this.#tell(command);
      case "refresh":
      case "sub_refresh":
        return replyErrors.notAvailable;
      case "rpc":
      case "send":
      case "connect":
      case "subscribe":
      case undefined:
        return replyErrors.methodNotFound;
    }
  }

  async #subscribe({ id, channel: name, data, resume }: Command): Promise<void> {
    const channel = parseClientChannel(name);
    const refused = this.#subscriptions.has(name)
      ? replyErrors.alreadySubscribed
      : this.#subscriptions.size >= maxSubscriptions
        ? replyErrors.limitExceeded
        : undefined;
    if (refused !== undefined) {
      this.#socket.send(errorReply(id, refused));
      return;
    }
    const leave = new AbortController();
    const open: OpenSubscription = { leave, isReady: false };
    this.#subscriptions.set(name, open);
    const ended = (): void => {
      if (this.#subscriptions.get(name) === open) this.#leave(name);
    };
    try {
      const subscription = await this.#options.access.subscribe(channel, {
        request: this.#request,
        data: Buffer.from(data ?? ""),
        ...(resume === undefined ? {} : { resume }),
        signal: leave.signal,
      });
      open.isReady = true;
      if (!leave.signal.aborted) this.#options.presence.add(name, this.#id, callerOf({ request: this.#request }).name);
      this.#socket.send(`{"id":${id},"subscribe":${subscribeResult(subscription)}}`);
      void pushAll(name, subscription, this.#socket, ended);
    } catch (thrown) {
      ended();
      throw thrown;
    }
  }

  async #publish({ channel: name, data }: Command): Promise<ReplyError | object> {
    const channel = parseClientChannel(name);
    if (data === undefined) return replyErrors.badRequest;
    await this.#options.access.publish(channel, { request: this.#request, data: Buffer.from(data), signal: this.#gone.signal });
    return {};
  }

  /** Of a channel that the client is in: nobody else is told. */
  #tell({ method, channel, limit }: Command): ReplyError | object {
    const { presence, positionOf } = this.#options;
    if (this.#subscriptions.get(channel)?.isReady !== true) return replyErrors.permissionDenied;
    if (method === "presence") return { presence: presence.of(channel) };
    if (method === "presence_stats") return presence.stats(channel);
    const position = positionOf(parseClientChannel(channel));
    // What was published is given to those who recover, and in no other way.
    return position === undefined || limit !== 0 ? replyErrors.notAvailable : { publications: [], ...position };
  }

  #leave(name: string): void {
    const open = this.#subscriptions.get(name);
    if (open === undefined) return;
    this.#subscriptions.delete(name);
    this.#options.presence.remove(name, this.#id);
    open.leave.abort();
  }
}

const isError = (answer: object): answer is ReplyError => "code" in answer;
