import { LinkedAbort } from "@dataplane/meta";
import {
  type Change,
  type Entry,
  type Listing,
  type Page,
  type PutOptions,
  RevisionCompacted,
  type Store,
  StoreDamaged,
  type StoreHealth,
  StoreUnavailable,
} from "@dataplane/storage";
import type { EncryptionRules } from "./encryption-rules.js";
import { RecentValues } from "./recent-values.js";
import { isReserved, reservedPrefix } from "./reserved-keys.js";
import { type Awaitable, isSealed } from "./value-cipher.js";

/** The rules that count now, and who wants to hear of the next ones. */
export interface CurrentRules {
  readonly current: EncryptionRules;
  onChange(listener: () => void): () => void;
}

/**
 * `inner` with values in clear above and sealed below, where the rules say so. A value that does not open is StoreDamaged with its key: `get`
 * throws it, lists and watches carry it in its entry. What lies under the reserved prefix is not seen. Others' values pass as they are.
 */
export function encryptedStore(inner: Store, rules: CurrentRules): Store {
  return new EncryptedStore(inner, rules);
}

const nothing = new Uint8Array();

class EncryptedStore implements Store {
  readonly #inner: Store;
  readonly #rules: CurrentRules;
  readonly #recent = new RecentValues();
  /** Whether somebody was given a value that does not open. */
  #gaveDamage = false;

  constructor(inner: Store, rules: CurrentRules) {
    this.#inner = inner;
    this.#rules = rules;
  }

  async get(key: string): Promise<Entry | undefined> {
    const entry = await this.#inner.get(key);
    if (entry === undefined || isReserved(key)) return undefined;
    const opened = await this.#opened(entry);
    if (opened.damage !== undefined) throw opened.damage;
    return opened;
  }

  async list(prefix: string, page?: Page): Promise<Listing> {
    let listing = await this.#inner.list(prefix, page);
    if (!reservedPrefix.startsWith(prefix) && !isReserved(prefix)) return { ...listing, entries: await this.#allOpened(listing.entries) };
    let visible = withoutReserved(listing.entries);
    // A page of nothing else would look like the last one, or could not be gone on from.
    for (let last = listing.entries.at(-1); visible.length === 0 && listing.more && last !== undefined; last = listing.entries.at(-1)) {
      listing = await this.#inner.list(prefix, { ...page, after: last.key, at: listing.revision });
      visible = withoutReserved(listing.entries);
    }
    return { ...listing, entries: await this.#allOpened(visible) };
  }

  async put(key: string, value: Uint8Array, options: PutOptions): Promise<Entry> {
    const writer = this.#rules.current.writerOf(key);
    if (writer === undefined) return this.#inner.put(key, value, options);
    // The buffer stays the caller's.
    const plain = value.slice();
    const { revision } = await this.#inner.put(key, await writer.seal(plain, key), options);
    this.#recent.set(key, revision, plain);
    return { key, value: plain, revision };
  }

  async delete(key: string, expected: bigint): Promise<{ readonly revision: bigint; readonly previous: Entry }> {
    const { revision, previous } = await this.#inner.delete(key, expected);
    return { revision, previous: await this.#opened(previous) };
  }

  async *watch(prefix: string, since: bigint, signal: AbortSignal): AsyncGenerator<Change, void, undefined> {
    const ended = new LinkedAbort(signal);
    // What other keys may open has to be read again; where all is well nobody is bothered.
    const stop = this.#rules.onChange(() => {
      if (this.#gaveDamage) ended.abort();
    });
    try {
      for await (const change of this.#inner.watch(prefix, since, ended.signal)) {
        yield isReserved(keyOf(change)) ? progressOf(change) : await this.#seen(change);
      }
    } finally {
      stop();
      ended.release();
    }
    if (!ended.signal.aborted || signal.aborted) return;
    this.#gaveDamage = false;
    throw new RevisionCompacted(await this.#inner.revision());
  }

  revision(): Promise<bigint> {
    return this.#inner.revision();
  }

  compact(before: bigint): Promise<void> {
    return this.#inner.compact(before);
  }

  health(): StoreHealth {
    return this.#inner.health();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  #opened(entry: Entry): Awaitable<Entry> {
    const { key, value, revision } = entry;
    if (entry.damage !== undefined) return entry;
    const known = isSealed(value) ? this.#recent.get(key, revision) : undefined;
    if (known !== undefined) return { key, value: known, revision };
    try {
      const opened = this.#rules.current.open(key, value);
      if (opened === value) return entry;
      if (!(opened instanceof Promise)) return this.#remembered(key, opened, revision);
      return opened.then(
        (plain) => this.#remembered(key, plain, revision),
        (error: unknown) => this.#damaged(entry, error),
      );
    } catch (error) {
      return this.#damaged(entry, error);
    }
  }

  #remembered(key: string, value: Uint8Array, revision: bigint): Entry {
    this.#recent.set(key, revision, value);
    return { key, value, revision };
  }

  /** What cannot be opened now, and may be later, is not damaged. */
  #damaged({ key, revision }: Entry, error: unknown): Entry {
    if (error instanceof StoreUnavailable) throw error;
    this.#gaveDamage = true;
    const reason = error instanceof Error ? error.message : String(error);
    return {
      key,
      revision,
      value: nothing,
      damage: new StoreDamaged(`the stored value of ${key} cannot be opened: ${reason}`, key, { cause: error }),
    };
  }

  /** The same array where nothing had to be opened. Most of what is stored is in clear: that costs a look at its first byte. */
  async #allOpened(entries: readonly Entry[]): Promise<readonly Entry[]> {
    const rules = this.#rules.current;
    let opened: Entry[] | undefined;
    let index = -1;
    for (const entry of entries) {
      index += 1;
      if (rules.isInClear(entry.key, entry.value)) continue;
      const result = this.#opened(entry);
      opened ??= [...entries];
      opened[index] = result instanceof Promise ? await result : result;
    }
    return opened ?? entries;
  }

  async #seen(change: Change): Promise<Change> {
    if (change.type === "progress") return change;
    const previous = change.previous === undefined || !isSealed(change.previous.value) ? change.previous : await this.#opened(change.previous);
    if (change.type === "put") return { type: "put", entry: await this.#opened(change.entry), previous };
    return previous === undefined ? change : { ...change, previous };
  }
}

function withoutReserved(entries: readonly Entry[]): readonly Entry[] {
  for (const { key } of entries) if (isReserved(key)) return entries.filter((entry) => !isReserved(entry.key));
  return entries;
}

const keyOf = (change: Change): string => (change.type === "progress" ? "" : change.type === "put" ? change.entry.key : change.key);

const progressOf = (change: Change): Change => ({
  type: "progress",
  revision: change.type === "put" ? change.entry.revision : change.revision,
});
