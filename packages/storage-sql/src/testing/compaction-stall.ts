import type { Store } from "@dataplane/storage";

export interface StallReport {
  /** Of a write while nothing else happens, in milliseconds: half of them, and the longest. */
  readonly quiet: Waits;
  /** Of a write while the history is forgotten and space is given back. */
  readonly compacting: Waits;
  readonly compactionMs: number;
}

export interface Waits {
  readonly median: number;
  readonly p99: number;
  readonly longest: number;
  readonly writes: number;
}

const keys = 2000;
const valueBytes = 1000;

/** Writes so many revisions, then compacts them, and measures meanwhile how long one writer waits for each of its writes. */
export async function measureStalls(store: Store, revisions: number): Promise<StallReport> {
  const newest: (bigint | undefined)[] = [];
  for (let written = 0; written < revisions; written += keys) {
    const turn = Array.from({ length: keys }, async (_, index) => {
      const value = Buffer.alloc(valueBytes, written + index);
      newest[index] = (await store.put(`/stall/${String(index)}`, value, { expected: newest[index] ?? 0n })).revision;
    });
    await Promise.all(turn);
  }
  const quiet = await writeWhile(store, new Promise((resolve) => setTimeout(resolve, 2000)));
  const started = performance.now();
  const done = { ms: 0 };
  const compaction = store.revision().then((revision) => store.compact(revision));
  const compacting = await writeWhile(
    store,
    compaction.then(() => {
      done.ms = performance.now() - started;
    }),
  );
  return { quiet, compacting, compactionMs: done.ms };
}

async function writeWhile(store: Store, end: Promise<unknown>): Promise<Waits> {
  let isOver = false;
  const over = end.then(() => {
    isOver = true;
  });
  const waits: number[] = [];
  let expected = (await store.get("/writer"))?.revision ?? 0n;
  const goesOn = (): boolean => !isOver;
  while (goesOn()) {
    const started = performance.now();
    ({ revision: expected } = await store.put("/writer", Buffer.from("1"), { expected }));
    waits.push(performance.now() - started);
    // A writer of its own pace: what it waits is the store's doing.
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await over;
  const sorted = waits.toSorted((left, right) => left - right);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { median: at(0.5), p99: at(0.99), longest: at(1), writes: sorted.length };
}
