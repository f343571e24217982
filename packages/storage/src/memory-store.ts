import { type Clock, systemClock } from "@dataplane/meta";
import { Alarm } from "./alarm.js";
import { checkKey } from "./key.js";
import { MemoryLog } from "./memory-log.js";
import { type Change, type Entry, type Listing, type Page, type PutOptions, RevisionConflict, type Store, type StoreHealth } from "./store.js";
import { WatchHub } from "./watch-hub.js";

export interface MemoryStoreOptions {
  /** For expiry; the system's clock unless told. */
  readonly clock?: Clock;
}

/** A store that lasts as long as its process: for tests, and the reference for what the contract means. */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options.clock ?? systemClock);
}

class MemoryStore implements Store {
  readonly #clock: Clock;
  readonly #log = new MemoryLog();
  readonly #hub: WatchHub;
  /** When the key, at this revision, expires; milliseconds since the epoch. */
  readonly #expiries = new Map<string, { readonly time: number; readonly revision: bigint }>();
  readonly #alarm: Alarm;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#alarm = new Alarm(clock, () => this.#expire());
    this.#hub = new WatchHub({ revision: this.#log.revision, readHistory: (prefix, after) => this.#log.history(prefix, after) });
  }

  async revision(): Promise<bigint> {
    return this.#whenOpen(() => {
      this.#hub.askProgress();
      return this.#log.revision;
    });
  }

  async get(key: string): Promise<Entry | undefined> {
    return this.#whenOpen(() => this.#log.get(key));
  }

  async list(prefix: string, page: Page = {}): Promise<Listing> {
    return this.#whenOpen(() => this.#log.list(prefix, page));
  }

  async put(key: string, value: Uint8Array, options: PutOptions): Promise<Entry> {
    return this.#whenOpen(() => {
      checkKey(key);
      const previous = this.#expect(key, options.expected);
      const entry: Entry = { key, value: new Uint8Array(value), revision: this.#log.revision + 1n };
      this.#append({ type: "put", entry, previous });
      if (options.ttlSeconds !== undefined) this.#expireAfter(entry, options.ttlSeconds);
      return entry;
    });
  }

  async delete(key: string, expected: bigint): Promise<{ readonly revision: bigint; readonly previous: Entry }> {
    return this.#whenOpen(() => {
      const previous = this.#expect(key, expected);
      if (previous === undefined) throw new RevisionConflict(key, 0n);
      return this.#remove(previous);
    });
  }

  watch(prefix: string, since: bigint, signal: AbortSignal): AsyncIterable<Change> {
    return this.#hub.watch(prefix, since, signal);
  }

  async compact(before: bigint): Promise<void> {
    return this.#whenOpen(() => this.#log.compact(before));
  }

  health(): StoreHealth {
    return { readable: true, writable: true };
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#alarm.stop();
    this.#hub.close();
    return Promise.resolve();
  }

  #whenOpen<T>(work: () => T): Promise<T> {
    return Promise.resolve().then(() => {
      if (this.#closed) throw new Error("the store is closed");
      return work();
    });
  }

  #expect(key: string, expected: bigint): Entry | undefined {
    const current = this.#log.get(key);
    const actual = current?.revision ?? 0n;
    if (actual !== expected) throw new RevisionConflict(key, actual);
    return current;
  }

  #remove(previous: Entry): { readonly revision: bigint; readonly previous: Entry } {
    const revision = this.#log.revision + 1n;
    this.#append({ type: "delete", key: previous.key, revision, previous });
    return { revision, previous };
  }

  #append(change: Exclude<Change, { type: "progress" }>): void {
    this.#expiries.delete(change.type === "put" ? change.entry.key : change.key);
    this.#log.append(change);
    this.#hub.publish([change]);
  }

  #expireAfter({ key, revision }: Entry, seconds: number): void {
    const time = this.#clock.now().getTime() + seconds * 1000;
    this.#expiries.set(key, { time, revision });
    this.#alarm.setNoLaterThan(time);
  }

  #expire(): void {
    const now = this.#clock.now().getTime();
    for (const [key, { time, revision }] of this.#expiries) {
      if (time > now) {
        this.#alarm.setNoLaterThan(time);
        continue;
      }
      const entry = this.#log.get(key);
      if (entry?.revision === revision) this.#remove(entry);
    }
  }
}
