import { failpoint } from "./failpoint.js";
import { type Change, type RevisionCompacted, RevisionFuture, StoreUnavailable } from "./store.js";

/** A change that a write made. */
export type WriteChange = Exclude<Change, { type: "progress" }>;

/** Part of the history, in order. */
export interface History {
  readonly changes: readonly WriteChange[];
  /** Every change under the prefix up to this revision is among `changes` or before them. */
  readonly upTo: bigint;
}

/**
 * Where a watch that is behind reads; throws RevisionCompacted when `after` is older than the kept history. Once `signal` aborted nobody
 * waits for the answer.
 */
export type ReadHistory = (prefix: string, after: bigint, signal: AbortSignal) => History | Promise<History>;

interface Watcher {
  readonly prefix: string;
  /** Changes up to here were yielded or wait in `queue`. */
  cursor: bigint;
  /** Whether `publish` feeds the queue; else the history is read. */
  live: boolean;
  queue: WriteChange[];
  queuedBytes: number;
  /** The newest revision that was yielded. */
  yielded: bigint;
  /** Why it cannot go on. */
  failure?: Error;
  wake: () => void;
}

export interface WatchHubOptions {
  /** The newest revision that is readable. */
  readonly revision: bigint;
  readonly readHistory: ReadHistory;
  /** A reader that is further behind than this is fed from the history, so that it costs no memory. 1000 unless told. */
  readonly maxQueued?: number;
  /** The same in bytes of values. 4 MiB unless told. */
  readonly maxQueuedBytes?: number;
}

/** How long a watch waits for a store that is away before it reads again, in milliseconds. */
const retryPause = 100;

/** Feeds the watches of one store: from the history until they have caught up, then from each write as it commits. */
export class WatchHub {
  readonly #watchers = new Set<Watcher>();
  readonly #readHistory: ReadHistory;
  readonly #maxQueued: number;
  readonly #maxQueuedBytes: number;
  #revision: bigint;
  #progress = 0n;
  #closed = false;

  constructor(options: WatchHubOptions) {
    this.#revision = options.revision;
    this.#readHistory = options.readHistory;
    this.#maxQueued = options.maxQueued ?? 1000;
    this.#maxQueuedBytes = options.maxQueuedBytes ?? 4 * 1024 * 1024;
  }

  /** The newest revision that was published. */
  get revision(): bigint {
    return this.#revision;
  }

  /** The next changes, in order of revision and without gaps, once they are durable. */
  publish(changes: readonly WriteChange[]): void {
    for (const change of changes) {
      this.#revision = changeRevision(change);
      const key = changeKey(change);
      for (const watcher of this.#watchers) {
        // A history that was read just now may hold the change already.
        if (watcher.live && this.#revision > watcher.cursor) this.#offer(watcher, change, key);
      }
    }
  }

  /** Nothing else happened under any prefix up to `revision`: a database that is shared with others counts what they write too. */
  advance(revision: bigint): void {
    if (revision <= this.#revision) return;
    this.#revision = revision;
    for (const watcher of this.#watchers) if (watcher.live) watcher.cursor = revision;
  }

  /** Every watch throws `reason`, and new ones go on from `revision`: what was between is not known, or never happened. */
  restart(revision: bigint, reason: RevisionCompacted | RevisionFuture): void {
    this.#revision = revision;
    this.#progress = 0n;
    for (const watcher of this.#watchers) {
      watcher.failure = reason;
      watcher.wake();
    }
    this.#watchers.clear();
  }

  /** Each open watch is to yield something at the newest revision, unless it did. */
  askProgress(): void {
    if (this.#progress === this.#revision) return;
    this.#progress = this.#revision;
    for (const watcher of this.#watchers) watcher.wake();
  }

  /** Store.watch. */
  async *watch(prefix: string, since: bigint, signal: AbortSignal): AsyncGenerator<Change, void, undefined> {
    if (since > this.#revision) throw new RevisionFuture(this.#revision);
    const watcher: Watcher = { prefix, cursor: since, live: false, queue: [], queuedBytes: 0, yielded: since - 1n, wake: () => undefined };
    const wake = (): void => watcher.wake();
    const stopped = (): boolean => signal.aborted || this.#closed;
    this.#watchers.add(watcher);
    signal.addEventListener("abort", wake);
    try {
      while (!stopped()) {
        for (const change of await this.#next(watcher, signal, stopped)) {
          if (stopped()) return;
          watcher.yielded = changeRevision(change);
          failpoint("before-watch-send");
          yield change;
          failpoint("after-watch-send");
        }
      }
    } finally {
      signal.removeEventListener("abort", wake);
      this.#watchers.delete(watcher);
    }
  }

  /** Ends every watch, without an error. */
  close(): void {
    this.#closed = true;
    for (const watcher of this.#watchers) watcher.wake();
  }

  #offer(watcher: Watcher, change: WriteChange, key: string): void {
    if (key.startsWith(watcher.prefix)) {
      const bytes = change.type === "put" ? change.entry.value.byteLength : 0;
      if (watcher.queue.length >= this.#maxQueued || watcher.queuedBytes + bytes > this.#maxQueuedBytes) {
        watcher.live = false;
      } else {
        watcher.queue.push(change);
        watcher.queuedBytes += bytes;
      }
      watcher.wake();
    }
    if (watcher.live) watcher.cursor = changeRevision(change);
  }

  /** What to yield next; empty when woken for nothing. */
  async #next(watcher: Watcher, signal: AbortSignal, stopped: () => boolean): Promise<readonly Change[]> {
    if (watcher.failure !== undefined) throw watcher.failure;
    if (watcher.queue.length > 0) {
      const changes = watcher.queue;
      watcher.queue = [];
      watcher.queuedBytes = 0;
      return changes;
    }
    if (!watcher.live) {
      const history = await this.#readOrWait(watcher, signal, stopped);
      if (history === undefined) return [];
      watcher.cursor = history.upTo;
      watcher.live = history.upTo >= this.#revision;
      return history.changes;
    }
    if (this.#progress > watcher.yielded) return [{ type: "progress", revision: watcher.cursor }];
    await new Promise<void>((resolve) => {
      watcher.wake = resolve;
    });
    return [];
  }

  /** Waits for a store that is away: the watch goes on where it was. Undefined once it is stopped, however long the store takes. */
  async #readOrWait(watcher: Watcher, signal: AbortSignal, stopped: () => boolean): Promise<History | undefined> {
    const read = async (): Promise<History> => this.#readHistory(watcher.prefix, watcher.cursor, signal);
    while (!stopped()) {
      try {
        return await new Promise<History | undefined>((resolve, reject) => {
          watcher.wake = () => stopped() && resolve(undefined);
          read().then(resolve, reject);
        });
      } catch (error) {
        if (stopped()) break;
        if (!(error instanceof StoreUnavailable)) throw error;
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, retryPause);
        watcher.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return undefined;
  }
}

export const changeRevision = (change: Change): bigint => (change.type === "put" ? change.entry.revision : change.revision);

export const changeKey = (change: WriteChange): string => (change.type === "put" ? change.entry.key : change.key);
