import { type Clock, systemClock } from "@dataplane/meta";
import {
  Alarm,
  type Change,
  checkKey,
  type Entry,
  type Listing,
  type Page,
  type PutOptions,
  RevisionConflict,
  RevisionFuture,
  type Store,
  type StoreHealth,
  StoreUnavailable,
  shareNext,
  WatchHub,
  type WriteChange,
} from "@dataplane/storage";
import type { Dialect, Engine, Write, WriteResult } from "./engine.js";
import { HistoryFeed } from "./history-feed.js";

import { WriteQueue } from "./write-queue.js";

export interface SqlStoreOptions {
  readonly dialect: Dialect;
  /** For expiry; the system's clock unless told. */
  readonly clock?: Clock;
}

/**
 * Opens a store in a database; rejects with StoreLocked when another process has it open, SchemaTooNew when a newer release wrote it, StoreUnavailable
 * when it does not answer.
 */
export async function openSqlStore({ dialect, clock = systemClock }: SqlStoreOptions): Promise<Store> {
  const engine = await dialect();
  try {
    const store = new SqlStore(engine, clock, await engine.revision());
    await store.start();
    return store;
  } catch (thrown) {
    await engine.close();
    throw thrown;
  }
}

/** What is known of a revision is published within so many milliseconds, or the database is away. */
const publishTime = 5_000;
const retryPause = 100;
const expiryRetry = 1_000;
/** Others write keys with a time to live too, and may be gone when it is over. */
const expiryLook = 5_000;

class SqlStore implements Store {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #hub: WatchHub;
  readonly #feed: HistoryFeed;
  readonly #queue: WriteQueue;
  readonly #alarm: Alarm;
  /** The newest revision of the database; a smaller one than was there before ends all watches. */
  readonly #look = shareNext(async () => {
    const before = this.#hub.revision;
    const revision = await this.#engine.revision();
    if (revision < before) this.#feed.restart(revision, new RevisionFuture(revision));
    return revision;
  });
  #closing: Promise<void> | undefined;

  constructor(engine: Engine, clock: Clock, revision: bigint) {
    this.#engine = engine;
    this.#clock = clock;
    this.#hub = new WatchHub({ revision, readHistory: (prefix, after) => engine.history(prefix, after, this.#hub.revision) });
    this.#feed = new HistoryFeed({ hub: this.#hub, readHistory: (after, last) => engine.history("/", after, last) });
    this.#queue = new WriteQueue({ write: (writes) => this.#write(writes), publish: (writes, results) => this.#publish(writes, results) });
    this.#alarm = new Alarm(clock, () => void this.#expire().catch(() => this.#setAlarm(expiryRetry)));
  }

  async start(): Promise<void> {
    await this.#watchExpiries();
    this.#engine.follow?.((revision) => this.#hear(revision));
  }

  async revision(): Promise<bigint> {
    this.#checkOpen();
    let revision = this.#hub.revision;
    // Without others, acknowledged writes are published: this is linearizable without asking the database.
    if (this.#engine.follow !== undefined) {
      revision = await this.#look();
      await this.#published(revision);
    }
    this.#hub.askProgress();
    return revision;
  }

  async get(key: string): Promise<Entry | undefined> {
    this.#checkOpen();
    const entry = await this.#engine.get(key);
    if (entry !== undefined) await this.#published(entry.revision);
    // It may have been deleted a moment ago. Where `revision` asks the database, nobody is told less afterwards.
    else if (this.#engine.follow === undefined) await this.#published(await this.#engine.revision());
    return entry;
  }

  async list(prefix: string, page: Page = {}): Promise<Listing> {
    this.#checkOpen();
    const listing = await this.#engine.list(prefix, page);
    await this.#published(listing.revision);
    return listing;
  }

  async put(key: string, value: Uint8Array, { expected, ttlSeconds }: PutOptions): Promise<Entry> {
    checkKey(key);
    this.#checkOpen();
    // The caller may go on to use its buffer.
    const own = new Uint8Array(value);
    const expires = ttlSeconds === undefined ? undefined : Math.round(this.#clock.now().getTime() + ttlSeconds * 1000);
    const result = await this.#queue.submit({ type: "put", key, value: own, expected, expires });
    if (result.type === "conflict") throw new RevisionConflict(key, result.actual);
    if (expires !== undefined && this.#closing === undefined) this.#alarm.setNoLaterThan(expires);
    return { key, value: own, revision: result.revision };
  }

  async delete(key: string, expected: bigint): Promise<{ readonly revision: bigint; readonly previous: Entry }> {
    this.#checkOpen();
    const result = await this.#queue.submit({ type: "delete", key, expected });
    if (result.type === "conflict") throw new RevisionConflict(key, result.actual);
    if (result.previous === undefined) throw new RevisionConflict(key, 0n);
    return { revision: result.revision, previous: result.previous };
  }

  async *watch(prefix: string, since: bigint, signal: AbortSignal): AsyncGenerator<Change, void, undefined> {
    if (since > this.#hub.revision) await this.#heard(since, signal);
    yield* this.#hub.watch(prefix, since, signal);
  }

  async compact(before: bigint): Promise<void> {
    this.#checkOpen();
    await this.#engine.compact(before);
  }

  health(): StoreHealth {
    return this.#engine.health();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** What was submitted before is still written. */
  async #close(): Promise<void> {
    this.#alarm.stop();
    this.#hub.close();
    await this.#queue.settled();
    await Promise.all([this.#engine.close(), this.#feed.close()]);
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new Error("the store is closed");
  }

  #write(writes: readonly Write[]): Promise<readonly WriteResult[]> {
    const written = this.#engine.write(writes);
    this.#feed.expect(written);
    return written;
  }

  /** Watches first: who waits for a write may then ask at its revision. */
  async #publish(writes: readonly Write[], results: readonly WriteResult[]): Promise<void> {
    const changes = writes.flatMap((write, index) => changeOf(write, results[index]));
    this.#feed.add(changes);
    const last = results.reduce((most, result) => (result.type === "written" && result.revision > most ? result.revision : most), 0n);
    // It is written, whenever others' changes before it can be read.
    await this.#feed.published(last, publishTime);
  }

  /** Nobody is to know a revision that a watch does not: the database shows a commit a moment before this process hears of it. */
  async #published(revision: bigint): Promise<void> {
    if (!(await this.#feed.published(revision, publishTime))) throw new StoreUnavailable("the database does not show its history");
  }

  /** See Engine.follow. */
  async #hear(told: bigint | undefined): Promise<boolean> {
    const revision = told ?? (await this.#look());
    const isNews = revision > this.#hub.revision;
    this.#feed.reach(revision);
    return isNews;
  }

  /** Resolves when the hub knows `revision`, or the database does not; waits for one that is away. */
  async #heard(revision: bigint, signal: AbortSignal): Promise<void> {
    const isOver = (): boolean => signal.aborted || this.#closing !== undefined;
    while (this.#engine.follow !== undefined && !isOver()) {
      try {
        if ((await this.#look()) < revision) return;
        if (await this.#feed.published(revision, publishTime)) return;
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        await systemClock.sleep(retryPause, signal).catch(() => undefined);
      }
    }
  }

  /** Sets the alarm for what was stored with a time to live before, or by others. */
  async #watchExpiries(): Promise<void> {
    const next = await this.#engine.nextExpiry();
    if (this.#closing !== undefined) return;
    if (next !== undefined) this.#alarm.setNoLaterThan(next);
    if (this.#engine.follow !== undefined) this.#setAlarm(expiryLook);
  }

  #setAlarm(ms: number): void {
    if (this.#closing === undefined) this.#alarm.setNoLaterThan(this.#clock.now().getTime() + ms);
  }

  async #expire(): Promise<void> {
    const expired = await this.#engine.expired(this.#clock.now().getTime());
    await Promise.all(expired.map(({ key, revision }) => this.#queue.submit({ type: "delete", key, expected: revision })));
    await this.#watchExpiries();
  }
}

function changeOf(write: Write, result: WriteResult | undefined): WriteChange[] {
  if (result?.type !== "written") return [];
  const { revision, previous } = result;
  if (write.type === "put") return [{ type: "put", entry: { key: write.key, value: write.value, revision }, previous }];
  return previous === undefined ? [] : [{ type: "delete", key: write.key, revision, previous }];
}
