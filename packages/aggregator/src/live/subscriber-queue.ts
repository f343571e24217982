import { ApiError } from "@dataplane/meta";
import type { BatchWriter, StreamEnd, StreamMessage } from "./channels.js";

export interface QueueLimits {
  readonly messages: number;
  readonly bytes: number;
}

const none: readonly StreamMessage[] = [];

/** What one subscriber has yet to read, within bounds. It has one reader. */
export class SubscriberQueue {
  /** Resolves when nothing more is put in. */
  readonly over: Promise<StreamEnd>;
  readonly #limits: QueueLimits;
  #waiting: StreamMessage[] = [];
  #bytes = 0;
  #end: { readonly error: ApiError | undefined } | undefined;
  /** The reader that waits. */
  #reader: ((batch: readonly StreamMessage[] | undefined) => void) | undefined;
  #failReader: ((error: ApiError) => void) | undefined;
  /** Who waits for room. */
  #room: (() => void) | undefined;
  /** Whether a full queue is still waited for: each time it was empty, once more. */
  #patience = true;
  #tellOver: (end: StreamEnd) => void = () => undefined;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
    this.over = new Promise((resolve) => {
      this.#tellOver = resolve;
    });
  }

  /** Whether a message of so many bytes finds no place; one alone always does. */
  isFullFor(bytes: number): boolean {
    if (this.#waiting.length === 0 || this.#end !== undefined) return false;
    return this.#waiting.length >= this.#limits.messages || this.#bytes + bytes > this.#limits.bytes;
  }

  push(message: StreamMessage): void {
    if (this.#end !== undefined) return;
    if (this.isFullFor(message.data.byteLength)) {
      this.fail(new ApiError("TooManyRequests", "the reader is too slow for this stream", { details: { retryAfterSeconds: 1 } }));
    } else {
      this.#waiting.push(message);
      this.#bytes += message.data.byteLength;
    }
  }

  /** Gives what waits to the reader, if there are both: `push` does not, so that many readers can be woken in turns. */
  wake(): void {
    if (this.#reader !== undefined && this.#waiting.length > 0) this.#give(this.#taken());
  }

  /** Resolves when the reader took what waits; undefined when it was waited for before and never caught up. */
  room(): Promise<void> | undefined {
    if (!this.#patience) return undefined;
    this.#patience = false;
    return new Promise((resolve) => {
      this.#room = resolve;
    });
  }

  /** After what waits, the reader is told that it is over. */
  end(reason: StreamEnd): void {
    if (this.#end !== undefined) return;
    this.#end = { error: undefined };
    if (reason === "left") this.#waiting = [];
    this.wake();
    if (this.#waiting.length === 0) this.#give(undefined);
    this.#settle(reason);
  }

  /** The reader is told at once, and gets nothing of what waits. */
  fail(error: ApiError): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    this.#waiting = [];
    this.#failReader?.(error);
    this.#reader = undefined;
    this.#failReader = undefined;
    this.#settle("failed");
  }

  nudge(): void {
    this.#give(none);
  }

  /** All that waits, or what comes next; nothing when nudged; undefined at the end. Throws what it failed with. */
  take(): Promise<readonly StreamMessage[] | undefined> {
    return new Promise((resolve, reject) => this.#listen(resolve, reject));
  }

  /**
   * Gives `write` each batch as it comes, with no promise in between; one that `write` returns is waited for before the next. Resolves at
   * the end; rejects with what the queue failed with, or `write` threw.
   */
  forEach(write: BatchWriter): Promise<void> {
    return new Promise((resolve, reject) => {
      const listen = (): void => this.#listen(read, reject);
      const read = (batch: readonly StreamMessage[] | undefined): void => {
        if (batch === undefined) {
          resolve();
          return;
        }
        try {
          const written = batch.length === 0 ? undefined : write(batch);
          if (written === undefined) listen();
          else void written.then(listen, reject);
        } catch (thrown) {
          reject(ApiError.from(thrown));
        }
      };
      listen();
    });
  }

  #listen(reader: (batch: readonly StreamMessage[] | undefined) => void, fail: (error: ApiError) => void): void {
    if (this.#waiting.length > 0) reader(this.#taken());
    else if (this.#end !== undefined) {
      if (this.#end.error === undefined) reader(undefined);
      else fail(this.#end.error);
    } else {
      this.#patience = true;
      this.#reader = reader;
      this.#failReader = fail;
    }
  }

  #taken(): readonly StreamMessage[] {
    const batch = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    this.#patience = true;
    this.#makeRoom();
    return batch;
  }

  #give(batch: readonly StreamMessage[] | undefined): void {
    const reader = this.#reader;
    this.#reader = undefined;
    this.#failReader = undefined;
    reader?.(batch);
  }

  #settle(reason: StreamEnd): void {
    this.#makeRoom();
    this.#tellOver(reason);
  }

  #makeRoom(): void {
    this.#room?.();
    this.#room = undefined;
  }
}

/** Each batch of a queue; `leave` is called when the reader stops. No generator: there are ten thousand of these. */
export const batchesOf = (queue: SubscriberQueue, leave: () => void): AsyncIterableIterator<readonly StreamMessage[]> => ({
  [Symbol.asyncIterator]() {
    return this;
  },
  async next() {
    const batch = await queue.take();
    return batch === undefined ? { done: true, value: undefined } : { done: false, value: batch };
  },
  return() {
    leave();
    return Promise.resolve({ done: true, value: undefined });
  },
});

/** Each message of a queue; `leave` is called when the reader stops. */
export async function* messagesOf(queue: SubscriberQueue, leave: () => void): AsyncGenerator<StreamMessage> {
  for await (const batch of batchesOf(queue, leave)) yield* batch;
}
