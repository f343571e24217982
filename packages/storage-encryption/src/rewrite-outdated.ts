import { type Entry, RevisionConflict, type Store, StoreUnavailable } from "@dataplane/storage";
import type { EncryptionRules } from "./encryption-rules.js";
import { allEntries } from "./key-records.js";
import { isReserved } from "./reserved-keys.js";
import { eventsPrefix } from "./resource-prefixes.js";
import type { Awaitable } from "./value-cipher.js";

export interface Rewritten {
  readonly rewritten: number;
  /** Keys whose values do not open. */
  readonly unopened: readonly string[];
}

const atOnce = 16;
/** What expires goes on doing so: the store does not tell when, and events live no longer. */
const eventSeconds = 3_600;
const attempts = 5;

/**
 * Writes again, unchanged, whatever is stored in another way than the rules say now: writes of others win. Ends early when `signal` aborts.
 * `store` is the one below encryption.
 */
export async function rewriteOutdated(store: Store, rules: EncryptionRules, signal: AbortSignal): Promise<Rewritten> {
  let rewritten = 0;
  const unopened: string[] = [];
  let batch: Entry[] = [];
  const flush = async (): Promise<void> => {
    const outcomes = await Promise.all(batch.map(async (entry) => ({ key: entry.key, outcome: await rewrite(store, rules, entry) })));
    rewritten += outcomes.filter(({ outcome }) => outcome === "rewritten").length;
    unopened.push(...outcomes.filter(({ outcome }) => outcome === "unopened").map(({ key }) => key));
    batch = [];
  };
  for await (const entry of allEntries(store)) {
    if (signal.aborted) break;
    if (isReserved(entry.key) || !rules.isOutdated(entry.key, entry.value)) continue;
    batch.push(entry);
    if (batch.length === atOnce) await flush();
  }
  await flush();
  return { rewritten, unopened };
}

async function rewrite(store: Store, rules: EncryptionRules, first: Entry): Promise<"rewritten" | "current" | "unopened"> {
  let entry: Entry | undefined = first;
  for (let attempt = 0; attempt < attempts && entry !== undefined; attempt += 1) {
    const { key, value, revision } = entry;
    if (!rules.isOutdated(key, value)) return "current";
    const next = await sealedAnew(rules, key, value);
    if (next === undefined) return "unopened";
    try {
      await store.put(key, next, { expected: revision, ...(key.startsWith(eventsPrefix) ? { ttlSeconds: eventSeconds } : {}) });
      return "rewritten";
    } catch (error) {
      if (!(error instanceof RevisionConflict)) throw error;
      entry = await store.get(key);
    }
  }
  // Whoever writes so often writes in the new way.
  return "current";
}

async function sealedAnew(rules: EncryptionRules, key: string, value: Uint8Array): Promise<Uint8Array | undefined> {
  let plain: Awaitable<Uint8Array>;
  try {
    plain = await rules.open(key, value);
  } catch (error) {
    if (error instanceof StoreUnavailable) throw error;
    return undefined;
  }
  return (await rules.writerOf(key)?.seal(plain, key)) ?? plain;
}
