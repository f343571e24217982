import type { Entry, History, Listing, Page, StoreHealth } from "@dataplane/storage";

/** A write as an engine takes it. */
export type Write =
  | { readonly type: "put"; readonly key: string; readonly value: Uint8Array; readonly expected: bigint; readonly expires: number | undefined }
  | { readonly type: "delete"; readonly key: string; readonly expected: bigint };

/** What became of a write; all of one batch are durable when the first is known. */
export type WriteResult =
  | { readonly type: "written"; readonly revision: bigint; readonly previous: Entry | undefined }
  /** The key was not at the expected revision; 0n when it is absent. */
  | { readonly type: "conflict"; readonly actual: bigint };

export interface ExpiredKey {
  readonly key: string;
  readonly revision: bigint;
}

/** One database that holds the revision log. Every read is one snapshot. */
export interface Engine {
  revision(): Promise<bigint>;
  get(key: string): Promise<Entry | undefined>;
  list(prefix: string, page: Page): Promise<Listing>;
  /** The changes under `prefix` after `after` and up to `last`, or a first part of them. */
  history(prefix: string, after: bigint, last: bigint): Promise<History>;
  /** Writes each in the order given, in one transaction, and takes the revisions without gaps. Rejects when none was written. */
  write(writes: readonly Write[]): Promise<readonly WriteResult[]>;
  compact(before: bigint): Promise<void>;
  /** Keys whose time is over, up to a number of the engine's choice; times are milliseconds since the epoch. */
  expired(now: number): Promise<readonly ExpiredKey[]>;
  nextExpiry(): Promise<number | undefined>;
  /**
   * Where others write to the same database too: calls back until the engine is closed, soon after each write of theirs and now and then without one, with
   * a revision that may be reached (a word to look, no proof) or without one. Told whether that was news. Absent: this process alone writes.
   */
  follow?(onNews: (revision: bigint | undefined) => Promise<boolean>): void;
  /** See Store.health. */
  health(): StoreHealth;
  close(): Promise<void>;
}

/** Opens a database of one kind; rejects with StoreLocked when another process has it. */
export type Dialect = () => Promise<Engine>;
