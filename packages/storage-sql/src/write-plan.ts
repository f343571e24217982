import type { Entry } from "@dataplane/storage";
import type { LogRow } from "./checksum.js";
import type { Write, WriteResult } from "./engine.js";

/** What the table of current keys is to say of a key after a batch; undefined: nothing, it is gone. */
export interface CurrentRow {
  readonly revision: number;
  readonly expires: number | null;
}

/** What a batch does to a database. */
export interface WritePlan {
  readonly results: readonly WriteResult[];
  /** Revisions go on from the one that the plan was made at, without gaps. */
  readonly log: readonly LogRow[];
  readonly current: ReadonlyMap<string, CurrentRow | undefined>;
  /** The newest revision once it is done. */
  readonly revision: number;
}

const noBytes = new Uint8Array(0);

/**
 * Decides each write of a batch, in order, on what is there: `current` holds the entry of every key of the batch that exists, at `revision`. A write sees
 * what those before it in the batch did.
 */
export function planWrites(writes: readonly Write[], revision: number, current: ReadonlyMap<string, Entry>): WritePlan {
  const state = new Map(current);
  const after = new Map<string, CurrentRow | undefined>();
  const log: LogRow[] = [];
  const results = writes.map((write): WriteResult => {
    const { key, expected } = write;
    const previous = state.get(key);
    const actual = previous?.revision ?? 0n;
    if (actual !== expected || (write.type === "delete" && previous === undefined)) return { type: "conflict", actual };
    const own = revision + log.length + 1;
    const deleted = write.type === "delete";
    log.push({ revision: own, key, deleted, previous: Number(actual), value: deleted ? noBytes : write.value });
    after.set(key, deleted ? undefined : { revision: own, expires: write.expires ?? null });
    if (deleted) state.delete(key);
    else state.set(key, { key, value: write.value, revision: BigInt(own) });
    return { type: "written", revision: BigInt(own), previous };
  });
  return { results, log, current: after, revision: revision + log.length };
}
