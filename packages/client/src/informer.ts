import type { ApiObject } from "@dataplane/meta";

/** The objects of one resource as last seen. */
export interface Lister<T extends ApiObject> {
  get(name: string, namespace?: string): T | undefined;
  list(): readonly T[];
}

export interface InformerChange<T extends ApiObject> {
  readonly type: "added" | "modified" | "deleted";
  readonly object: T;
  readonly previous: T | undefined;
}

/** A lister that keeps itself fresh: list, then watch, again from the start after 410, with back-off after any other failure. */
export interface Informer<T extends ApiObject> extends Lister<T> {
  readonly hasSynced: boolean;
  /** Resolves after the first full list was delivered to the listeners. */
  readonly synced: Promise<void>;
  /** Each difference to what was known, also those found by listing again. */
  onChange(listener: (change: InformerChange<T>) => void): () => void;
  /** Until `signal` aborts; never rejects. */
  run(signal: AbortSignal): Promise<void>;
}
