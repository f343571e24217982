import { LinkedAbort, type Logger } from "@dataplane/meta";
import {
  type Change,
  checkKey,
  type Entry,
  failpoint,
  type Listing,
  type Page,
  type PutOptions,
  RevisionCompacted,
  RevisionFuture,
  type Store,
  type StoreHealth,
  StoreReadOnly,
  StoreUnavailable,
  shareNext,
  WatchHub,
} from "@dataplane/storage";
import type { Cluster } from "./cluster.js";
import { EtcdFault, GrpcCode, isCompacted, isFuture } from "./etcd-fault.js";
import { runHeartbeat, Space } from "./heartbeat.js";
import { EtcdHistory } from "./history.js";
import type { KeySpace } from "./key-space.js";
import { KeyValues, noSpace } from "./key-values.js";
import { compact } from "./methods.js";
import { ProgressMeans } from "./progress.js";
import { RecentChanges } from "./recent-changes.js";
import { refusal } from "./store-error.js";
import { WatchFeed } from "./watch-feed.js";

export interface EtcdStoreOptions {
  readonly cluster: Cluster;
  readonly keys: KeySpace;
  readonly logger: Logger;
}

/** So often a list begins anew when its revision is compacted under it. */
const listAttempts = 3;
/** No exact integers of JavaScript beyond; etcd will not get there. */
const largestRevision = BigInt(Number.MAX_SAFE_INTEGER);

/** A revision of the store is etcd's own revision, so that other users of the cluster take revisions too. */
export class EtcdStore implements Store {
  readonly #cluster: Cluster;
  readonly #values: KeyValues;
  readonly #space: Space;
  readonly #hub: WatchHub;
  readonly #history: EtcdHistory;
  readonly #feed: WatchFeed;
  readonly #newest: () => Promise<bigint>;
  readonly #ending = new AbortController();
  readonly #runHeartbeat: () => Promise<void>;
  #running: Promise<unknown> | undefined;
  readonly #writing = new Set<Promise<unknown>>();
  readonly #logger: Logger;
  #toldOfCompaction = false;
  #closing: Promise<void> | undefined;

  /** `revision` is the newest at this time. */
  constructor({ cluster, keys, logger }: EtcdStoreOptions, values: KeyValues, space: Space, revision: bigint) {
    const { signal } = this.#ending;
    const recent = new RecentChanges(revision);
    this.#cluster = cluster;
    this.#logger = logger;
    this.#values = values;
    this.#space = space;
    const progress = new ProgressMeans(cluster, keys);
    this.#history = new EtcdHistory({ cluster, keys, values, recent, progress });
    this.#hub = new WatchHub({ revision, readHistory: (prefix, after, aborted) => this.#readHistory(prefix, after, aborted) });
    this.#feed = new WatchFeed({ cluster, progress, values, hub: this.#hub, recent, history: this.#history, logger, signal });
    this.#newest = shareNext(() => values.revision());
    this.#runHeartbeat = () => runHeartbeat({ cluster, keys, space, feed: this.#feed, signal });
  }

  /** Begins to watch etcd. */
  start(): this {
    this.#running ??= Promise.all([this.#feed.run(), this.#runHeartbeat()]);
    return this;
  }

  async revision(): Promise<bigint> {
    return this.#whenOpen(async () => {
      const revision = await this.#newest();
      this.#feed.want(revision);
      return revision;
    });
  }

  async get(key: string): Promise<Entry | undefined> {
    return this.#whenOpen(() => this.#values.get(key));
  }

  async list(prefix: string, page: Page = {}): Promise<Listing> {
    return this.#whenOpen(async () => {
      if (page.at !== undefined && page.at > largestRevision) throw new RevisionFuture(await this.#values.revision());
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await this.#values.list(prefix, page.at === 0n ? { ...page, at: 1n } : page);
        } catch (thrown) {
          if (!(thrown instanceof EtcdFault) || !isCompacted(thrown)) throw thrown;
          if (page.at !== undefined || attempt === listAttempts) throw new RevisionCompacted(await this.#history.oldest());
        }
      }
    });
  }

  async put(key: string, value: Uint8Array, options: PutOptions): Promise<Entry> {
    checkKey(key);
    if (key === "/") throw new RangeError('the key "/" is the store\'s own');
    return this.#write(async () => {
      if (this.#space.isFull) throw new StoreReadOnly(noSpace);
      // The caller may go on to use its buffer.
      const own = new Uint8Array(value);
      return { key, value: own, revision: await this.#values.put(key, own, options) };
    });
  }

  async delete(key: string, expected: bigint): Promise<{ readonly revision: bigint; readonly previous: Entry }> {
    return this.#write(() => this.#values.delete(key, expected));
  }

  async *watch(prefix: string, since: bigint, signal: AbortSignal): AsyncGenerator<Change, void, undefined> {
    while (since > this.#hub.revision && !signal.aborted && !this.#ending.signal.aborted) {
      await this.#catchUp(since, signal).catch((thrown: unknown) => {
        // A watch waits while etcd is away.
        if (!(refusal(thrown) instanceof StoreUnavailable)) throw thrown;
      });
    }
    if (signal.aborted) return;
    yield* this.#hub.watch(prefix, since, signal);
  }

  async compact(before: bigint): Promise<void> {
    return this.#whenOpen(async () => {
      if (before > largestRevision) throw new RevisionFuture(await this.#values.revision());
      if (before < 1n) return;
      // What is compacted before it came here would be lost to the watches of this store.
      if (before > this.#hub.revision) await this.#catchUp(before, this.#ending.signal);
      failpoint("before-compact");
      try {
        await this.#cluster.write(compact, { revision: Number(before) });
      } catch (thrown) {
        if (thrown instanceof EtcdFault && isFuture(thrown)) throw new RevisionFuture(await this.#values.revision());
        if (thrown instanceof EtcdFault && thrown.code === GrpcCode.PermissionDenied) this.#mayNotCompact();
        else if (!(thrown instanceof EtcdFault) || !isCompacted(thrown)) throw thrown;
      }
      failpoint("after-compact");
    });
  }

  health(): StoreHealth {
    const problem = this.#cluster.problem ?? this.#feed.problem;
    if (problem !== undefined) return { readable: false, writable: false, problem };
    return this.#space.isFull ? { readable: true, writable: false, problem: noSpace } : { readable: true, writable: true };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Writes that are under way still get their answer. */
  async #close(): Promise<void> {
    this.#hub.close();
    this.#ending.abort();
    await Promise.allSettled([...this.#writing, this.#running]);
    this.#cluster.close();
  }

  /** Newer versions of etcd leave it to the administrator. The history is kept longer then, until somebody else compacts. */
  #mayNotCompact(): void {
    if (this.#toldOfCompaction) return;
    this.#toldOfCompaction = true;
    this.#logger.warn({}, "the user of etcd may not compact: let etcd do so (--auto-compaction-retention)");
  }

  /** Waits until the watches know that revision. Throws RevisionFuture when it has not happened. */
  async #catchUp(revision: bigint, signal: AbortSignal): Promise<void> {
    const newest = await this.#newest();
    if (revision > newest) throw new RevisionFuture(newest);
    await this.#feed.reached(revision, signal);
  }

  async #readHistory(prefix: string, after: bigint, aborted: AbortSignal): ReturnType<EtcdHistory["read"]> {
    const signal = new LinkedAbort(aborted, this.#ending.signal);
    try {
      return await this.#history.read(prefix, after, this.#hub.revision, signal.signal);
    } finally {
      signal.release();
    }
  }

  #write<T>(work: () => Promise<T>): Promise<T> {
    return this.#whenOpen(async () => {
      failpoint("before-write");
      const written = work();
      this.#writing.add(written);
      try {
        const result = await written;
        failpoint("after-commit");
        return result;
      } finally {
        this.#writing.delete(written);
      }
    });
  }

  async #whenOpen<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) throw new Error("the store is closed");
    try {
      return await work();
    } catch (thrown) {
      throw refusal(thrown);
    }
  }
}
