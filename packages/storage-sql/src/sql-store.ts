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
  type Store,
  type StoreHealth,
  WatchHub,
  type WriteChange,
} from "@dataplane/storage";
import type { Dialect, Engine, Write, WriteResult } from "./engine.js";

export interface SqlStoreOptions {
  readonly dialect: Dialect;
  /** For expiry; the system's clock unless told. */
  readonly clock?: Clock;
}

/** Opens a store in a database; rejects with StoreLocked when another process has it open, SchemaTooNew when a newer release wrote it. */
export async function openSqlStore({ dialect, clock = systemClock }: SqlStoreOptions): Promise<Store> {
  const engine = await dialect();
  const store = new SqlStore(engine, clock, await engine.revision());
  await store.watchExpiries();
  return store;
}

interface Waiting {
  readonly write: Write;
  readonly resolve: (result: WriteResult) => void;
  readonly reject: (error: unknown) => void;
}

// More in one transaction gains nothing, and would keep the next ones waiting.
const largestBatch = 1000;
const largestBatchBytes = 16 * 1024 * 1024;

class SqlStore implements Store {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #hub: WatchHub;
  readonly #alarm: Alarm;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  /** Readers that saw a commit before it was published. */
  readonly #ahead = new Set<{ readonly revision: bigint; readonly resolve: () => void }>();
  #closed = false;
  #closing: Promise<void> | undefined;

  constructor(engine: Engine, clock: Clock, revision: bigint) {
    this.#engine = engine;
    this.#clock = clock;
    this.#hub = new WatchHub({ revision, readHistory: (prefix, after) => engine.history(prefix, after, this.#hub.revision) });
    this.#alarm = new Alarm(clock, () => void this.#expire().catch(() => this.#alarm.setNoLaterThan(this.#clock.now().getTime() + 1000)));
  }

  async revision(): Promise<bigint> {
    this.#checkOpen();
    // Acknowledged writes are published, so that this is linearizable without asking the database.
    this.#hub.askProgress();
    return Promise.resolve(this.#hub.revision);
  }

  async get(key: string): Promise<Entry | undefined> {
    this.#checkOpen();
    const entry = await this.#engine.get(key);
    if (entry !== undefined) await this.#published(entry.revision);
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
    // The caller may go on to use its buffer.
    const own = new Uint8Array(value);
    const expires = ttlSeconds === undefined ? undefined : this.#clock.now().getTime() + ttlSeconds * 1000;
    const result = await this.#submit({ type: "put", key, value: own, expected, expires });
    if (result.type === "conflict") throw new RevisionConflict(key, result.actual);
    if (expires !== undefined && !this.#closed) this.#alarm.setNoLaterThan(expires);
    return { key, value: own, revision: result.revision };
  }

  async delete(key: string, expected: bigint): Promise<{ readonly revision: bigint; readonly previous: Entry }> {
    const result = await this.#submit({ type: "delete", key, expected });
    if (result.type === "conflict") throw new RevisionConflict(key, result.actual);
    if (result.previous === undefined) throw new RevisionConflict(key, 0n);
    return { revision: result.revision, previous: result.previous };
  }

  watch(prefix: string, since: bigint, signal: AbortSignal): AsyncIterable<Change> {
    return this.#hub.watch(prefix, since, signal);
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

  /** Sets the alarm for what was stored with a time to live before. */
  async watchExpiries(): Promise<void> {
    const next = await this.#engine.nextExpiry();
    if (next !== undefined && !this.#closed) this.#alarm.setNoLaterThan(next);
  }

  /** What was submitted before is still written. */
  async #close(): Promise<void> {
    this.#closed = true;
    this.#alarm.stop();
    this.#hub.close();
    await this.#writing;
    await this.#engine.close();
  }

  #checkOpen(): void {
    if (this.#closed) throw new Error("the store is closed");
  }

  #submit(write: Write): Promise<WriteResult> {
    this.#checkOpen();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ write, resolve, reject });
      this.#writing ??= this.#writeAll();
    });
  }

  /** Group commit: while one transaction is under way the next writes gather, and then go together. */
  async #writeAll(): Promise<void> {
    // Writes of the same turn of the loop go in one transaction.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, batchLength(this.#waiting));
      try {
        this.#acknowledge(batch, await this.#engine.write(batch.map(({ write }) => write)));
      } catch (thrown) {
        for (const { reject } of batch) reject(thrown);
      }
    }
    this.#writing = undefined;
  }

  #acknowledge(batch: readonly Waiting[], results: readonly WriteResult[]): void {
    // Watches first: who waits for a write may then ask at its revision.
    this.#hub.publish(batch.flatMap(({ write }, index) => changeOf(write, results[index])));
    for (const reader of this.#ahead) {
      if (reader.revision <= this.#hub.revision) reader.resolve();
    }
    for (const [index, { resolve, reject }] of batch.entries()) {
      const result = results[index];
      if (result === undefined) reject(new Error("the database gave no result"));
      else resolve(result);
    }
  }

  /** The database shows a commit a moment before this process hears of it; nobody is to know a revision that a watch does not. */
  async #published(revision: bigint): Promise<void> {
    if (revision <= this.#hub.revision || this.#writing === undefined) return;
    let resolve: () => void = () => undefined;
    const published = new Promise<void>((done) => {
      resolve = done;
    });
    const reader = { revision, resolve };
    this.#ahead.add(reader);
    await Promise.race([published, this.#writing]);
    this.#ahead.delete(reader);
  }

  async #expire(): Promise<void> {
    const expired = await this.#engine.expired(this.#clock.now().getTime());
    await Promise.all(expired.map(({ key, revision }) => this.#submit({ type: "delete", key, expected: revision })));
    if (!this.#closed) await this.watchExpiries();
  }
}

/** How many of the writes go in the next transaction; at least one. */
function batchLength(waiting: readonly Waiting[]): number {
  let sum = 0;
  const full = waiting.findIndex(({ write }, index) => {
    sum += write.type === "put" ? write.value.byteLength : 0;
    return index >= largestBatch || (index > 0 && sum > largestBatchBytes);
  });
  return full < 0 ? waiting.length : full;
}

function changeOf(write: Write, result: WriteResult | undefined): WriteChange[] {
  if (result?.type !== "written") return [];
  const { revision, previous } = result;
  if (write.type === "put") return [{ type: "put", entry: { key: write.key, value: write.value, revision }, previous }];
  return previous === undefined ? [] : [{ type: "delete", key: write.key, revision, previous }];
}
