import type { Change, Entry, Store } from "./store.js";
import { type CopiedEntry, incompleteKey, type StoreExport, type StoreImport, StoreNotEmpty } from "./store-copy.js";

/** A copy of any store by its contract alone: without the times at which keys are deleted by themselves. */
export function exportStore(store: Store): StoreExport {
  return {
    revision: () => store.revision(),
    list: (prefix, page) => store.list(prefix, page),
    changes: (after, signal) => changes(store, after, signal),
    count: async () => (await store.list("/")).entries.length,
    expiries: () => Promise.resolve(new Map<string, number>()),
    problems: () => Promise.resolve([]),
    close: () => store.close(),
  };
}

const progressMs = 200;

/** Asked for its revision, the store tells its watches how far they are: of a cluster that is shared, others' revisions have no change here. */
async function* changes(store: Store, after: bigint, signal: AbortSignal): AsyncGenerator<Change, void, undefined> {
  const timer = setInterval(() => void store.revision().catch(() => undefined), progressMs);
  try {
    yield* store.watch("/", after, signal);
  } finally {
    clearInterval(timer);
  }
}

export interface ImportIntoStoreOptions {
  readonly store: Store;
  /** For messages. */
  readonly where: string;
  readonly now: () => number;
}

// So many writes are under way at once.
const atOnce = 64;

/** Fills any store by its contract alone, which counts its own revisions. Rejects with StoreNotEmpty; what an earlier copy left is removed. */
export async function importIntoStore({ store, where, now }: ImportIntoStoreOptions): Promise<StoreImport> {
  const mark = await begun(store, where);
  return {
    keepsRevisions: false,
    async put(entries) {
      for (let start = 0; start < entries.length; start += atOnce) {
        await Promise.all(entries.slice(start, start + atOnce).map((entry) => putOne(store, entry, now())));
      }
    },
    async finish() {
      const { revision } = await store.delete(incompleteKey, mark.revision);
      return revision;
    },
    close: () => store.close(),
  };
}

async function putOne(store: Store, { key, value, expires }: CopiedEntry, now: number): Promise<void> {
  // One whose time is over goes soon after, as it would have.
  const ttl = expires === undefined ? {} : { ttlSeconds: Math.max(1, (expires - now) / 1000) };
  await store.put(key, value, { expected: 0n, ...ttl });
}

async function begun(store: Store, where: string): Promise<Entry> {
  const { entries } = await store.list("/");
  const mark = entries.find(({ key }) => key === incompleteKey);
  if (mark === undefined && entries.length > 0) throw new StoreNotEmpty(where);
  if (mark === undefined) return store.put(incompleteKey, new Uint8Array(0), { expected: 0n });
  for (const { key, revision } of entries) if (key !== incompleteKey) await store.delete(key, revision);
  return mark;
}
