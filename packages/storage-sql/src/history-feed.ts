import { systemClock } from "@dataplane/meta";
import {
  changeKey,
  changeRevision,
  failpoint,
  type History,
  RevisionCompacted,
  RevisionFuture,
  StoreUnavailable,
  type WatchHub,
  type WriteChange,
} from "@dataplane/storage";

export interface HistoryFeedOptions {
  readonly hub: WatchHub;
  /** Changes under "/" after a revision and up to another, or a first part of them. */
  readonly readHistory: (after: bigint, last: bigint) => Promise<History>;
}

interface Waiter {
  readonly revision: bigint;
  readonly resolve: () => void;
}

/** A batch of this process under way may be the very news: its answer is waited for so long before the log is read, in milliseconds. */
const batchPatience = 20;
const retryPause = 100;

/** Publishes every change of a log to a hub, in order and once: what this process wrote by itself, and what others wrote from the log. */
export class HistoryFeed {
  readonly #hub: WatchHub;
  readonly #readHistory: HistoryFeedOptions["readHistory"];
  readonly #ending = new AbortController();
  readonly #waiters = new Set<Waiter>();
  /** What this process wrote and is not published yet, in order. */
  #own: (readonly WriteChange[])[] = [];
  /** The log is known to reach this far. */
  #target: bigint;
  #batch: Promise<unknown> | undefined;
  /** What was published last: the log must still have it, or it is another history. */
  #newest: WriteChange | undefined;
  #running: Promise<void> | undefined;

  constructor({ hub, readHistory }: HistoryFeedOptions) {
    this.#hub = hub;
    this.#readHistory = readHistory;
    this.#target = hub.revision;
  }

  /** A batch begins, whose changes come by `add` when it is written. */
  expect(batch: Promise<unknown>): void {
    this.#batch = batch;
    const forget = (): void => {
      if (this.#batch === batch) this.#batch = undefined;
    };
    batch.then(forget, forget);
  }

  /** What this process wrote, contiguous. Published before this returns, unless others' changes come first. */
  add(changes: readonly WriteChange[]): void {
    const first = changes[0];
    if (first === undefined) return;
    if (this.#running === undefined && changeRevision(first) === this.#hub.revision + 1n) this.#publish(changes);
    else {
      this.#own.push(changes);
      this.reach(lastRevision(changes));
    }
  }

  /** The log has reached this revision: it is published soon. */
  reach(revision: bigint): void {
    if (revision > this.#target) this.#target = revision;
    if (this.#hub.revision < this.#target && !this.#ending.signal.aborted) this.#running ??= this.#run();
  }

  /** Resolves once everything up to `revision` is published, or the feed is closed; false when that takes longer than `ms`. */
  async published(revision: bigint, ms: number): Promise<boolean> {
    if (this.#hub.revision >= revision) return true;
    this.reach(revision);
    let timer: NodeJS.Timeout | undefined;
    const waiter = await new Promise<Waiter>((resolve) => {
      const own: Waiter = { revision, resolve: () => resolve(own) };
      this.#waiters.add(own);
      timer = setTimeout(own.resolve, ms);
    });
    clearTimeout(timer);
    this.#waiters.delete(waiter);
    return this.#hub.revision >= revision || this.#ending.signal.aborted;
  }

  /** Ends every watch with `reason`: what lies between the hub's revision and this one is not known, or never happened. */
  restart(revision: bigint, reason: RevisionCompacted | RevisionFuture): void {
    this.#own = [];
    this.#newest = undefined;
    this.#target = revision;
    this.#hub.restart(revision, reason);
    this.#wake();
  }

  async close(): Promise<void> {
    this.#ending.abort();
    for (const { resolve } of this.#waiters) resolve();
    await this.#running;
  }

  async #run(): Promise<void> {
    // In a later turn, so that who started it knows that it runs.
    await Promise.resolve();
    while (!this.#ending.signal.aborted && this.#hub.revision < this.#target) {
      if (!this.#publishOwn()) await this.#publishOthers();
    }
    this.#running = undefined;
  }

  /** True when something of our own came next. */
  #publishOwn(): boolean {
    const [next] = this.#own;
    if (next === undefined) return false;
    const fresh = next.filter((change) => changeRevision(change) > this.#hub.revision);
    const [first] = fresh;
    if (first !== undefined && changeRevision(first) !== this.#hub.revision + 1n) return false;
    this.#own.shift();
    if (first !== undefined) this.#publish(fresh);
    return true;
  }

  #hasOwn(): boolean {
    return this.#own.length > 0;
  }

  async #publishOthers(): Promise<void> {
    if (this.#batch !== undefined && !this.#hasOwn()) {
      const before = this.#hub.revision;
      await ended(this.#batch, batchPatience);
      if (this.#hasOwn() || this.#hub.revision !== before) return;
    }
    const after = this.#hub.revision;
    const [next] = this.#own;
    const last = next?.[0] === undefined ? this.#target : changeRevision(next[0]) - 1n;
    try {
      this.#take(after, await this.#readOn(after, last));
    } catch (error) {
      if (error instanceof RevisionCompacted) this.restart(error.oldest, error);
      else if (error instanceof RevisionFuture) this.restart(error.current, error);
      else await this.#pause(error instanceof StoreUnavailable ? retryPause : retryPause * 10);
    }
  }

  /** Reads what was published last once more, and then on: a database that was put back and written to since has something else there. */
  async #readOn(after: bigint, last: bigint): Promise<History> {
    const newest = this.#newest;
    if (newest === undefined || changeRevision(newest) !== after) return this.#readHistory(after, last);
    const { changes, upTo } = await this.#readHistory(after - 1n, last).catch(noneWhenCompacted);
    const [first] = changes;
    if (first !== undefined && changeRevision(first) === after && !isSame(first, newest)) throw new RevisionFuture(upTo);
    return first === undefined || upTo <= after ? this.#readHistory(after, last) : { changes: changes.slice(1), upTo };
  }

  #take(after: bigint, { changes, upTo }: History): void {
    // Put back meanwhile, by a restart.
    if (this.#hub.revision !== after) return;
    if (upTo === after) {
      // It was a word of nobody: the log does not reach that far.
      if (!this.#hasOwn()) this.#target = after;
      return;
    }
    if (BigInt(changes.length) === upTo - after) this.#publish(changes);
    // Each revision is a change: one that is missing is not passed over in silence.
    else this.restart(upTo, new RevisionCompacted(upTo));
  }

  #publish(changes: readonly WriteChange[]): void {
    failpoint("before-notify");
    this.#hub.publish(changes);
    this.#newest = changes.at(-1);
    failpoint("after-notify");
    this.#wake();
  }

  #wake(): void {
    for (const waiter of this.#waiters) if (waiter.revision <= this.#hub.revision) waiter.resolve();
  }

  #pause(ms: number): Promise<void> {
    return systemClock.sleep(ms, this.#ending.signal).catch(() => undefined);
  }
}

/** The read that is one change longer than needed may begin in what is compacted. */
function noneWhenCompacted(error: unknown): History {
  if (error instanceof RevisionCompacted) return { changes: [], upTo: 0n };
  throw error;
}

function isSame(left: WriteChange, right: WriteChange): boolean {
  if (changeKey(left) !== changeKey(right) || left.previous?.revision !== right.previous?.revision) return false;
  if (left.type === "delete" || right.type === "delete") return left.type === right.type;
  // One that cannot be read any more is another matter.
  return left.entry.damage !== undefined || right.entry.damage !== undefined || Buffer.compare(left.entry.value, right.entry.value) === 0;
}

/** Resolves when `promise` is settled, or after so many milliseconds. */
function ended(promise: Promise<unknown>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    promise.then(end, end);
  });
}

const lastRevision = (changes: readonly WriteChange[]): bigint => {
  const last = changes.at(-1);
  return last === undefined ? 0n : changeRevision(last);
};
