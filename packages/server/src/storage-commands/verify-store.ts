import { type Entry, RevisionCompacted, type StoreExport, type WriteChange } from "@dataplane/storage";
import { Progress, type ProgressOutput } from "./progress.js";

export interface StoreFindings {
  readonly revision: bigint;
  readonly entries: number;
  /** Changes of the history that was read. */
  readonly changes: number;
  /** What is wrong, each with the key that it is about, where there is one. */
  readonly problems: readonly string[];
}

const pageEntries = 500;

/**
 * Reads all there is: each value against its checksum, and the state that the history leads to against the state of now. The newest revision is
 * the one that it had at first; servers may go on writing.
 */
export async function verifyStore(source: StoreExport, output: ProgressOutput): Promise<StoreFindings> {
  const problems = [...(await source.problems())];
  const revision = await source.revision();
  const progress = new Progress("entries", await source.count(), output);
  const now = await stateAt(source, revision, (entry) => {
    progress.add(1);
    if (entry.damage !== undefined) problems.push(entry.damage.message);
    if (entry.revision > revision) problems.push(`${JSON.stringify(entry.key)}: its revision ${String(entry.revision)} is later than the newest`);
  });
  progress.end();
  const oldest = await oldestOf(source);
  const then = await stateAt(source, oldest, () => undefined);
  const changes = await applyChanges(source, { from: oldest, to: revision, state: then, problems });
  for (const key of new Set([...now.keys(), ...then.keys()])) {
    if (now.get(key) !== then.get(key)) problems.push(`${JSON.stringify(key)}: the history leads to another state than there is`);
  }
  return { revision, entries: now.size, changes, problems: [...new Set(problems)] };
}

/** The revision of each key. */
async function stateAt(source: StoreExport, at: bigint, onEntry: (entry: Entry) => void): Promise<Map<string, bigint>> {
  const state = new Map<string, bigint>();
  for (let after: string | undefined; ; ) {
    const page = await source.list("/", { limit: pageEntries, at, ...(after === undefined ? {} : { after }) });
    for (const entry of page.entries) {
      onEntry(entry);
      state.set(entry.key, entry.revision);
    }
    after = page.entries.at(-1)?.key;
    if (!page.more) return state;
  }
}

async function oldestOf(source: StoreExport): Promise<bigint> {
  try {
    await source.list("/", { limit: 1, at: 1n });
    return 1n;
  } catch (error) {
    if (error instanceof RevisionCompacted) return error.oldest;
    throw error;
  }
}

interface Changes {
  readonly from: bigint;
  readonly to: bigint;
  readonly state: Map<string, bigint>;
  readonly problems: string[];
}

async function applyChanges(source: StoreExport, { from, to, state, problems }: Changes): Promise<number> {
  if (from >= to) return 0;
  let count = 0;
  for await (const change of source.changes(from, new AbortController().signal)) {
    const revision = change.type === "put" ? change.entry.revision : change.revision;
    if (revision > to) break;
    if (change.type !== "progress") {
      apply(change, state, problems);
      count += 1;
    }
    if (revision === to) break;
  }
  return count;
}

function apply(change: WriteChange, state: Map<string, bigint>, problems: string[]): void {
  if (change.type === "delete") {
    state.delete(change.key);
    return;
  }
  if (change.entry.damage !== undefined) problems.push(change.entry.damage.message);
  state.set(change.entry.key, change.entry.revision);
}
