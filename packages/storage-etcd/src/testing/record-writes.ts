import { type Change, changeRevision, OutcomeUnknown, RevisionConflict, type Store, StoreUnavailable, type WriteChange } from "@dataplane/storage";

/** What writers of a test were told, and what a watch beside them saw. */
export interface Recording {
  /** The value and revision of each key's last acknowledged write. */
  readonly acknowledged: ReadonlyMap<string, { readonly value: string; readonly revision: bigint }>;
  /** Keys of which a write has no known outcome. */
  readonly unknown: ReadonlySet<string>;
  readonly seen: readonly WriteChange[];
  readonly writes: number;
  readonly unavailable: number;
  /** Writes that ended with OutcomeUnknown. */
  readonly lost: number;
}

export interface RecordWritesOptions {
  readonly writers: number;
  readonly root: string;
  readonly during: () => Promise<void>;
}

/** Writers raise counters in keys of their own, and one watch looks on, while `during` does what it does to the database. */
export async function recordWrites(store: Store, { writers, root, during }: RecordWritesOptions): Promise<Recording> {
  const acknowledged = new Map<string, { value: string; revision: bigint }>();
  const unknown = new Set<string>();
  const seen: WriteChange[] = [];
  let unavailable = 0;
  let writes = 0;
  let lost = 0;
  let done = false;
  const abort = new AbortController();
  const watching = look(store.watch(`${root}/`, await store.revision(), abort.signal), seen);

  const write = async (writer: number): Promise<void> => {
    const key = `${root}/${writer}`;
    let count = 0;
    while (!done) {
      count += 1;
      try {
        const expected = (await store.get(key))?.revision ?? 0n;
        const { revision } = await store.put(key, new TextEncoder().encode(String(count)), { expected });
        acknowledged.set(key, { value: String(count), revision });
        unknown.delete(key);
        writes += 1;
      } catch (thrown) {
        if (thrown instanceof OutcomeUnknown) {
          unknown.add(key);
          lost += 1;
        } else if (thrown instanceof StoreUnavailable) unavailable += 1;
        // A write of unknown outcome may come after the read.
        else if (!(thrown instanceof RevisionConflict)) throw thrown;
      }
    }
  };
  const writing = Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  try {
    await during();
  } finally {
    done = true;
    await writing;
  }
  const newest = await store.revision();
  while (!watching.reached(newest)) await new Promise((resolve) => setTimeout(resolve, 20));
  abort.abort();
  await watching.ended;
  return { acknowledged, unknown, seen, writes, unavailable, lost };
}

function look(watch: AsyncIterable<Change>, seen: WriteChange[]): { readonly ended: Promise<void>; readonly reached: (revision: bigint) => boolean } {
  let at = 0n;
  const ended = (async () => {
    for await (const change of watch) {
      at = changeRevision(change);
      if (change.type !== "progress") seen.push(change);
    }
  })();
  return { ended, reached: (revision) => at >= revision };
}

/** What is wrong with what the watch saw: a change twice, out of order, or one that does not follow what was before. */
export function faultsOf(seen: readonly WriteChange[]): readonly string[] {
  const faults: string[] = [];
  const last = new Map<string, bigint>();
  let before = 0n;
  for (const change of seen) {
    const revision = changeRevision(change);
    if (revision <= before) faults.push(`revision ${revision} after ${before}`);
    before = revision;
    const key = change.type === "put" ? change.entry.key : change.key;
    const known = last.get(key);
    if (known !== undefined && change.previous?.revision !== known)
      faults.push(`${key} at ${revision} follows ${change.previous?.revision ?? 0n}, not ${known}`);
    last.set(key, revision);
  }
  return faults;
}
