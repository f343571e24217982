import { type Change, type Entry, RevisionConflict, type Store } from "../store.js";

/** One thing that every store must do; a failed expectation rejects. */
export interface StoreCase {
  readonly name: string;
  /** `store` is fresh to the case, or at least holds nothing under `root`, under which the case keeps its keys. */
  run(context: StoreCaseContext): Promise<void>;
}

export interface StoreCaseContext {
  readonly store: Store;
  /** Begins with "/", ends without. */
  readonly root: string;
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export const text = (entry: Entry | undefined): string | undefined => (entry === undefined ? undefined : new TextDecoder().decode(entry.value));

export const create = (store: Store, key: string, value = "value"): Promise<Entry> => store.put(key, bytes(value), { expected: 0n });

/** Creates `count` keys that sort in the order of their writes. */
export async function createMany(store: Store, root: string, count: number): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (let index = 0; index < count; index += 1) entries.push(await create(store, `${root}/${String(index).padStart(6, "0")}`, String(index)));
  return entries;
}

/** Sets the key to the value whatever it is at, again after each lost race. */
export async function force(store: Store, key: string, value: string): Promise<Entry> {
  for (;;) {
    const expected = (await store.get(key))?.revision ?? 0n;
    try {
      return await store.put(key, bytes(value), { expected });
    } catch (thrown) {
      if (!(thrown instanceof RevisionConflict)) throw thrown;
    }
  }
}

/** Everything but progress, until there are `count`; fails after 30 s. */
export async function collect(store: Store, prefix: string, since: bigint, count: number): Promise<Exclude<Change, { type: "progress" }>[]> {
  const changes: Exclude<Change, { type: "progress" }>[] = [];
  if (count === 0) return changes;
  const signal = AbortSignal.timeout(30_000);
  for await (const change of store.watch(prefix, since, signal)) {
    if (change.type === "progress") continue;
    changes.push(change);
    if (changes.length === count) return changes;
  }
  throw new Error(`the watch gave ${String(changes.length)} of ${String(count)} changes`);
}

/**
 * What is promised within 50 or 100 ms comes within this, in milliseconds, by the median of several times: the machine of a test may be busy, and
 * who looks by chance or not at all takes longer. The promise itself is measured by the benchmarks.
 */
export const promptMs = 1000;

/** Milliseconds until it holds; fails after 10 s. */
export async function timeUntil(holds: () => boolean): Promise<number> {
  const began = performance.now();
  while (!holds()) {
    if (performance.now() - began > 10_000) throw new Error("it did not come within 10 s");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  return performance.now() - began;
}

export const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;

/** A change in short: `put /key value` or `delete /key`. */
export const brief = (change: Exclude<Change, { type: "progress" }>): string =>
  change.type === "put" ? `put ${change.entry.key} ${text(change.entry) ?? ""}` : `delete ${change.key}`;

export const revisionOf = (change: Change): bigint => (change.type === "put" ? change.entry.revision : change.revision);

export const keys = (entries: readonly Entry[]): string[] => entries.map(({ key }) => key);

/** A watch from now on that tells how far it is, until it is ended; then it tells how many changes there were. */
export async function follow(store: Store, prefix: string) {
  const abort = new AbortController();
  let reached = await store.revision();
  let changes = 0;
  const watching = (async () => {
    for await (const change of store.watch(prefix, reached, abort.signal)) {
      reached = revisionOf(change);
      if (change.type !== "progress") changes += 1;
    }
  })();
  // Who waits for it hears of it below.
  watching.catch(() => undefined);
  return {
    reached: () => reached,
    changes: () => changes,
    end: async (): Promise<number> => {
      abort.abort();
      await watching;
      return changes;
    },
  };
}
