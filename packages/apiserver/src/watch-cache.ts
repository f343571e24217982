import { ApiError, type Clock, expired, type Logger, unavailable } from "@dataplane/meta";
import { type Change, failpoint, RevisionCompacted, RevisionFuture, type Store, StoreUnavailable, shareNext } from "@dataplane/storage";
import { type CacheChange, ChangeHistory, type HistoryLimits } from "./change-history.js";
import { StoredValue } from "./codec.js";
import { EarlierChanges } from "./earlier-changes.js";
import { SortedMap } from "./sorted-map.js";
import { Turns } from "./turns.js";

export interface WatchCacheOptions extends HistoryLimits {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Undefined tells that the cache jumped (it had to list again) or ends: the watch must end. */
export type CacheListener = (change: CacheChange | undefined) => void;

interface Waiter {
  readonly revision: bigint;
  readonly resolve: () => void;
}

/** How long a read waits for the cache to catch up, as kube-apiserver does. */
const freshnessTimeoutMs = 3_000;

/**
 * All objects of the store in memory, as bytes, kept by one watch: lists and watches are answered from here, and a read is proven
 * fresh by the store's own revision.
 */
export class WatchCache {
  /** Of watches, when they write what has changed. */
  readonly turns = new Turns();
  readonly #options: WatchCacheOptions;
  readonly #entries = new SortedMap<StoredValue>();
  readonly #listeners = new Set<CacheListener>();
  readonly #waiting = new Set<Waiter>();
  readonly #newest = shareNext(() => this.#options.store.revision());
  /** For watches that come back. */
  readonly #history: ChangeHistory;
  readonly #earlier: EarlierChanges;
  #revision = 0n;
  #started: Promise<void> | undefined;

  constructor(options: WatchCacheOptions) {
    this.#options = options;
    this.#history = new ChangeHistory(options);
    this.#earlier = new EarlierChanges({ store: options.store, history: this.#history, logger: options.logger });
  }

  /** The revision that the cache stands at; 0n before the first listing. */
  get revision(): bigint {
    return this.#revision;
  }

  get(key: string): StoredValue | undefined {
    return this.#entries.get(key);
  }

  /** In order of the keys, from the first one after `after`. */
  under(prefix: string, after?: string): readonly StoredValue[] {
    return this.#entries.under(prefix, after);
  }

  /** True when nothing under `prefix` changed after `revision`, as far as the history knows. */
  unchangedSince(prefix: string, revision: bigint): boolean {
    return revision >= this.#history.start && this.#history.after(revision).every(({ key }) => !key.startsWith(prefix));
  }

  /** Lists the store, then follows it until `signal` aborts; resolves when the first listing is in. Lists again after a broken watch. */
  start(signal: AbortSignal): Promise<void> {
    this.#started ??= this.#firstList(signal).then(() => {
      void this.#follow(signal);
    });
    return this.#started;
  }

  /**
   * Resolves when the cache holds everything that was written before the call; many at once ask the store once. Throws StoreUnavailable while it is
   * away: what is in memory can still be read.
   */
  async fresh(): Promise<void> {
    await this.#reach(await this.#newest());
  }

  /** Resolves when the cache stands at `revision` or later; after 3 s throws Timeout with cause ResourceVersionTooLarge. */
  async reached(revision: bigint): Promise<void> {
    if (this.#revision >= revision) return;
    // A future revision may exist already without a change in sight: the store tells how far it is.
    await this.#newest();
    await this.#reach(revision);
  }

  /** Waits for the store's watch, which the store has been asked to let say how far it is. */
  async #reach(revision: bigint): Promise<void> {
    if (this.#revision >= revision) return;
    const stop = new AbortController();
    const { promise, waiter } = waiterFor(revision);
    this.#waiting.add(waiter);
    if (this.#revision >= revision) waiter.resolve();
    const late = this.#options.clock.sleep(freshnessTimeoutMs, stop.signal).then(
      () => false,
      () => true,
    );
    const inTime = await Promise.race([promise, late]);
    this.#waiting.delete(waiter);
    stop.abort();
    if (!inTime) throw tooLarge(revision, this.#revision);
  }

  /** Resolves when watches can go on from `since`, if the store still knows what happened since then: `subscribe` tells. */
  async reachBack(since: bigint): Promise<void> {
    await this.#earlier.reach(since);
  }

  /**
   * Changes after `since`: those kept, then each new one as it comes, until the returned function is called.
   * Throws Expired when `since` is older than what is kept.
   */
  subscribe(since: bigint, listener: CacheListener): { readonly past: readonly CacheChange[]; readonly stop: () => void } {
    if (since < this.#history.start) throw expired(`too old resource version: ${String(since)} (${String(this.#history.start)})`);
    this.#listeners.add(listener);
    return { past: this.#history.after(since), stop: () => void this.#listeners.delete(listener) };
  }

  /** A database that is away for a moment ends no server that starts. */
  async #firstList(signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        await this.#list();
        return;
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
      }
      await this.#options.clock.sleep(500, signal);
    }
  }

  async #list(): Promise<void> {
    const { entries, revision } = await this.#options.store.list("/");
    // In the same turn as the jump: who subscribes while the store is read must hear of it too.
    this.#endWatches();
    this.#entries.replace(entries.map(({ key, value, revision: at, damage }) => [key, new StoredValue(key, at, value, damage)] as const));
    this.#history.reset(revision);
    this.#earlier.forget();
    this.#revision = revision;
    this.#advance(revision);
  }

  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const change of this.#options.store.watch("/", this.#revision, signal)) this.#apply(change);
        // Ended without a failure: the store is closed.
        break;
      } catch (error) {
        if (isOver(signal)) break;
        this.#options.logger.error({ err: error }, "the watch of the store broke; reading it anew");
        await this.#recover(error, signal);
      }
    }
    this.#endWatches();
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.clock.sleep(200, signal);
      // What has not happened was of another history: the store was put back to an earlier one.
      if (error instanceof RevisionCompacted || error instanceof RevisionFuture) await this.#list();
    } catch (again) {
      if (!signal.aborted) this.#options.logger.error({ err: again }, "the store cannot be read");
    }
  }

  #endWatches(): void {
    for (const listener of this.#listeners) this.#tell(listener, undefined);
    this.#listeners.clear();
  }

  #apply(change: Change): void {
    if (change.type === "progress") {
      this.#advance(change.revision);
      return;
    }
    const key = change.type === "put" ? change.entry.key : change.key;
    const revision = change.type === "put" ? change.entry.revision : change.revision;
    failpoint("before-cache-apply");
    const previous = this.#entries.get(key);
    const current = change.type === "put" ? new StoredValue(key, revision, change.entry.value, change.entry.damage) : undefined;
    if (current === undefined) this.#entries.delete(key);
    else this.#entries.set(key, current);
    const seen: CacheChange = { revision, key, current, previous };
    this.#history.add(seen);
    for (const listener of this.#listeners) this.#tell(listener, seen);
    this.#advance(revision);
    failpoint("after-cache-apply");
  }

  /** One who fails on a change does not keep the others from it. */
  #tell(listener: CacheListener, change: CacheChange | undefined): void {
    try {
      listener(change);
    } catch (error) {
      this.#options.logger.error({ err: error, key: change?.key }, "a listener of the watch cache failed");
    }
  }

  #advance(revision: bigint): void {
    if (revision > this.#revision) this.#revision = revision;
    for (const waiter of this.#waiting) if (waiter.revision <= this.#revision) waiter.resolve();
  }
}

/** Asked anew: the signal may abort while the watch runs. */
const isOver = (signal: AbortSignal): boolean => signal.aborted;

function waiterFor(revision: bigint): { readonly promise: Promise<boolean>; readonly waiter: Waiter } {
  let resolve = (): void => undefined;
  const promise = new Promise<boolean>((done) => {
    resolve = () => done(true);
  });
  return { promise, waiter: { revision, resolve } };
}

function tooLarge(revision: bigint, current: bigint): ApiError {
  if (current === 0n) return unavailable("the store has not been read yet");
  return new ApiError("Timeout", `Too large resource version: ${String(revision)}, current: ${String(current)}`, {
    details: { causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version", field: "" }], retryAfterSeconds: 1 },
  });
}
