import type { ApiError, Logger } from "@dataplane/meta";
import { ChannelHistory, type HistoryLimits } from "./channel-history.js";
import type { ChannelKey, ChannelState, StreamEnd, SubscribeRequest, Subscription } from "./channels.js";
import { FrameCutter } from "./frame-cutter.js";
import { RightsWatch } from "./rights-watch.js";
import type { PublishedMessage } from "./stream-message.js";
import { batchesOf, messagesOf, type QueueLimits, SubscriberQueue } from "./subscriber-queue.js";

export interface ChannelLimits {
  readonly history: HistoryLimits;
  /** Of what one subscriber has yet to read. */
  readonly queue: QueueLimits;
  /** How long the others wait, once, for a reader whose queue is full, before it is cut. */
  readonly patienceMs: number;
}

/** About 4 ms of writes to sockets: what else the server does waits so long, and a reader so often for it. */
const readersATurn = 400;

interface Subscriber {
  readonly queue: SubscriberQueue;
  readonly request: SubscribeRequest;
  knowsSchema: boolean;
}

/** The subscribers of one stream, and what they are sent. */
export class Channel {
  readonly key: ChannelKey;
  readonly #limits: ChannelLimits;
  readonly #logger: Logger;
  readonly #history: ChannelHistory;
  readonly #cutter = new FrameCutter();
  readonly #subscribers = new Set<Subscriber>();
  /** Messages are sent one after the other, whoever publishes them. */
  #sending: Promise<void> = Promise.resolve();
  /** Those that were sent something and not woken yet. */
  readonly #unread = new Set<SubscriberQueue>();
  #isWaking = false;
  readonly #rights: RightsWatch;
  #lastRequest: SubscribeRequest | undefined;

  constructor(key: ChannelKey, limits: ChannelLimits, logger: Logger) {
    this.key = key;
    this.#limits = limits;
    this.#logger = logger;
    this.#history = new ChannelHistory(limits.history);
    this.#rights = new RightsWatch(logger);
  }

  get size(): number {
    return this.#subscribers.size;
  }

  get state(): ChannelState {
    return { key: this.key, subscribers: this.#subscribers.size, position: this.#history.position };
  }

  /** Whose stream it is: the one who has been here longest, or was here last. */
  get oldestRequest(): SubscribeRequest | undefined {
    const [oldest] = this.#subscribers;
    return oldest?.request ?? this.#lastRequest;
  }

  subscribe(request: SubscribeRequest, initial: Uint8Array | undefined): Subscription {
    const queue = new SubscriberQueue(this.#limits.queue);
    const missed = request.resume === undefined ? undefined : this.#history.since(request.resume);
    const subscriber: Subscriber = { queue, request, knowsSchema: missed !== undefined };
    const leave = (): void => this.#remove(subscriber, "left");
    this.#lastRequest = request;
    this.#subscribers.add(subscriber);
    request.signal.addEventListener("abort", leave, { once: true });
    const unwatch = request.rights === undefined ? undefined : this.#rights.add(request.rights, (error) => queue.fail(error));
    void queue.over.then(() => {
      unwatch?.();
      request.signal.removeEventListener("abort", leave);
      this.#subscribers.delete(subscriber);
    });
    if (request.signal.aborted) leave();
    return {
      position: this.#history.position,
      initial,
      recovered: request.resume === undefined ? undefined : missed !== undefined,
      missed: missed?.map(({ message }) => message) ?? [],
      messages: { [Symbol.asyncIterator]: () => messagesOf(queue, leave) },
      batches: { [Symbol.asyncIterator]: () => batchesOf(queue, leave) },
      nudge: () => queue.nudge(),
      forEachBatch: (write) => queue.forEach(write),
      over: queue.over,
    };
  }

  /** Resolves when every subscriber has it, or was cut. What is no JSON is dropped. */
  publish(data: Uint8Array): Promise<void> {
    this.#sending = this.#sending.then(() => this.#send(data));
    return this.#sending;
  }

  /** Ends every subscription; with an error, at once. */
  close(end: StreamEnd, error?: ApiError): void {
    for (const { queue } of this.#subscribers) {
      if (error === undefined) queue.end(end);
      else queue.fail(error);
    }
    this.#subscribers.clear();
  }

  async #send(data: Uint8Array): Promise<void> {
    let published: PublishedMessage;
    try {
      published = this.#cutter.cut(this.#history.nextOffset, data);
    } catch (err) {
      this.#logger.warn({ ...this.key, err }, "a message of a stream is no JSON and was dropped");
      return;
    }
    await this.#waitForRoom(published.message.data.byteLength);
    this.#history.add(published);
    for (const subscriber of this.#subscribers) {
      this.#unread.add(subscriber.queue);
      const message = subscriber.knowsSchema ? published.message : published.whole;
      subscriber.queue.push(message);
      subscriber.knowsSchema ||= message.hasSchema;
    }
    if (!this.#isWaking) this.#wakeReaders();
  }

  /**
   * Some readers a turn: between turns messages come in, so that those who have not been woken yet get several at once, and a server that
   * cannot keep up with each message alone keeps up with them together.
   */
  #wakeReaders(): void {
    let woken = 0;
    for (const queue of this.#unread) {
      if (woken === readersATurn) break;
      this.#unread.delete(queue);
      queue.wake();
      woken += 1;
    }
    this.#isWaking = this.#unread.size > 0;
    if (this.#isWaking) setImmediate(() => this.#wakeReaders());
  }

  /** A reader may be quick and the burst be quicker: it is given a moment, and the plugin waits. */
  async #waitForRoom(bytes: number): Promise<void> {
    const rooms: Promise<void>[] = [];
    for (const { queue } of this.#subscribers) {
      const room = queue.isFullFor(bytes) ? queue.room() : undefined;
      if (room !== undefined) rooms.push(room);
    }
    if (rooms.length === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#limits.patienceMs);
    });
    await Promise.race([Promise.all(rooms), late]);
    clearTimeout(timer);
  }

  #remove(subscriber: Subscriber, reason: StreamEnd): void {
    subscriber.queue.end(reason);
    this.#subscribers.delete(subscriber);
  }
}
