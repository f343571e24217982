/** One key with its value, at the revision that wrote it. */
export interface Entry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly revision: bigint;
  /** In lists and watches: why the value, which is empty then, cannot be read. One damaged value does not keep others from being read; `get` throws. */
  readonly damage?: StoreDamaged;
}

/** A consistent snapshot, ordered by key (bytewise), at `revision`. */
export interface Listing {
  readonly entries: readonly Entry[];
  readonly revision: bigint;
  /** True when `limit` cut it: ask again with `after` = the last key and `at` = `revision`. */
  readonly more: boolean;
}

export interface Page {
  /** At most so many entries; all when absent. */
  readonly limit?: number;
  /** Only keys greater than this one. */
  readonly after?: string;
  /** The state at this revision; the newest when absent. Throws RevisionCompacted when too old, RevisionFuture when not reached. */
  readonly at?: bigint;
}

/** What a watcher sees. `previous` is the entry that the change replaced or removed. */
export type Change =
  | { readonly type: "put"; readonly entry: Entry; readonly previous: Entry | undefined }
  | { readonly type: "delete"; readonly key: string; readonly revision: bigint; readonly previous: Entry }
  | { readonly type: "progress"; readonly revision: bigint };

export interface PutOptions {
  /** Writes only if the key is still at this revision (0n: absent); else throws RevisionConflict. */
  readonly expected: bigint;
  /** Deletes the key by itself, with a revision of its own, after so many seconds and at most 60 s late. */
  readonly ttlSeconds?: number;
}

/**
 * A revisioned map from keys to bytes, which it never looks into.
 *
 * One write is one key and one revision. Revisions grow by every write, are never reused, also not after a crash, and a
 * watcher sees them without gaps in its prefix and in order. An acknowledged write is durable. Keys are UTF-8 text
 * of at most 1024 bytes that begins with "/" and has no NUL; others are refused with a RangeError.
 *
 * Several servers may have the same database open (not a SQLite file): every promise holds across them, and a change that one makes reaches
 * the watches of the others within 50 ms on the same host. Reads and writes throw StoreUnavailable, writes also StoreReadOnly or
 * OutcomeUnknown; watches wait for the database to come back, and go on without a gap.
 */
export interface Store {
  /** The newest revision, linearizable; 1n on an empty store, since "0" means "any" to clients of the API. */
  revision(): Promise<bigint>;
  get(key: string): Promise<Entry | undefined>;
  list(prefix: string, page?: Page): Promise<Listing>;
  put(key: string, value: Uint8Array, options: PutOptions): Promise<Entry>;
  /** Removes the key if it is still at `expected`; else throws RevisionConflict. Returns the revision of the removal and what was removed. */
  delete(key: string, expected: bigint): Promise<{ readonly revision: bigint; readonly previous: Entry }>;
  /**
   * Each change under `prefix` after `since`, once and in order, until `signal` aborts (then it ends without an error).
   * Throws RevisionCompacted when `since` is older than the kept history, RevisionFuture when it has not happened. After `revision()` gave r, each open watch
   * yields something at r or later within 100 ms: a change, or `progress`.
   */
  watch(prefix: string, since: bigint, signal: AbortSignal): AsyncIterable<Change>;
  /** Forgets the history before `before`; the newest state stays. Later reads and watches before it throw RevisionCompacted. RevisionFuture when not reached. */
  compact(before: bigint): Promise<void>;
  /** As it stands now, without asking anybody: what the last calls and the connection told. */
  health(): StoreHealth;
  close(): Promise<void>;
}

/** What a store can do now. Both true: all is well. */
export interface StoreHealth {
  /** False while the database cannot be reached or read: reads throw StoreUnavailable. */
  readonly readable: boolean;
  /** False too while nothing can be written (a full or read-only disk): writes throw StoreReadOnly at once. It becomes true by itself, without a restart. */
  readonly writable: boolean;
  /** Why not, for the log and an operator; without secrets. */
  readonly problem?: string;
}

/** The database cannot be reached now. Nothing was written; the same call may succeed later. */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
}

/** Nothing can be written now, though reads go on: the disk is full, cannot be written, or the database is a standby. Nothing was written. */
export class StoreReadOnly extends Error {
  override readonly name = "StoreReadOnly";
}

/** The connection broke while a write was under way: whether it was written is not known. Reading the key tells. */
export class OutcomeUnknown extends Error {
  override readonly name = "OutcomeUnknown";
}

/** The database takes no value of that size. Nothing was written; the same call will not succeed later. */
export class ValueTooLarge extends Error {
  override readonly name = "ValueTooLarge";
}

/** A stored value, or the file around it, is not what was written. `key` is whose value it is, where that is known. */
export class StoreDamaged extends Error {
  override readonly name = "StoreDamaged";
  readonly key: string | undefined;

  constructor(message: string, key?: string, options?: ErrorOptions) {
    super(message, options);
    this.key = key;
  }
}

/** The key is not at the expected revision; `actual` is 0n when it is absent. */
export class RevisionConflict extends Error {
  override readonly name = "RevisionConflict";
  readonly key: string;
  readonly actual: bigint;

  constructor(key: string, actual: bigint) {
    super(`${key} is at revision ${actual}`);
    this.key = key;
    this.actual = actual;
  }
}

/** The revision asked for is older than the kept history. */
export class RevisionCompacted extends Error {
  override readonly name = "RevisionCompacted";
  /** The oldest revision that can still be asked for. */
  readonly oldest: bigint;

  constructor(oldest: bigint) {
    super(`history before revision ${oldest} is compacted`);
    this.oldest = oldest;
  }
}

/** The revision asked for has not happened yet. */
export class RevisionFuture extends Error {
  override readonly name = "RevisionFuture";
  readonly current: bigint;

  constructor(current: bigint) {
    super(`the newest revision is ${current}`);
    this.current = current;
  }
}
