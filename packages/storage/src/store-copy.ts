import type { Change, Entry, Listing, Page, Store } from "./store.js";

/** An entry with when it is deleted by itself, in milliseconds since the epoch. */
export interface CopiedEntry extends Entry {
  readonly expires?: number;
}

/** A store as a backup reads it; also while a server has it open. */
export interface StoreExport {
  revision(): Promise<bigint>;
  /** See Store.list. */
  list(prefix: string, page: Page): Promise<Listing>;
  /** Each change after `after`, once and in order, until `signal` aborts. Throws RevisionCompacted when the history does not reach back so far. */
  changes(after: bigint, signal: AbortSignal): AsyncIterable<Change>;
  /** Keys that are there now, for progress. */
  count(): Promise<number>;
  /** When keys that are there now are deleted by themselves, in milliseconds since the epoch; without those whose engine does not tell. */
  expiries(): Promise<ReadonlyMap<string, number>>;
  /** What the engine finds wrong with its own structure, beside the values. */
  problems(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** An empty store that is being filled. Until `finish`, its key `incompleteKey` says so, and no server serves it. */
export interface StoreImport {
  /** False where the engine counts its revisions by itself: entries get new ones. */
  readonly keepsRevisions: boolean;
  put(entries: readonly CopiedEntry[]): Promise<void>;
  /** Makes it a store, whose newest revision is `revision`; returns the one that it really has. What was before it cannot be asked for. */
  finish(revision: bigint): Promise<bigint>;
  /** Leaves it as it is. */
  close(): Promise<void>;
}

/** There while a store is filled from elsewhere, and after that was cut short. */
export const incompleteKey = "/dataplane/incomplete";

/** A copy is only made into a store with nothing in it. */
export class StoreNotEmpty extends Error {
  override readonly name = "StoreNotEmpty";

  constructor(where: string) {
    super(`${where} is not empty: a store is only copied into one with nothing in it`);
  }
}

/** The store holds what a copy that was cut short left of it. */
export class StoreIncomplete extends Error {
  override readonly name = "StoreIncomplete";

  constructor() {
    super("the store is being filled from elsewhere, or that was cut short: run that again, to its end");
  }
}

/** Throws StoreIncomplete. */
export async function requireComplete(store: Pick<Store, "get">): Promise<void> {
  if ((await store.get(incompleteKey)) !== undefined) throw new StoreIncomplete();
}
