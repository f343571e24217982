import { type CopiedEntry, incompleteKey, type StoreExport, StoreIncomplete } from "@dataplane/storage";

const pageEntries = 500;
const batchBytes = 4 * 1024 * 1024;

/**
 * All that is there at `revision`, in pages. Throws StoreDamaged for a value that cannot be read, RevisionCompacted when the history was forgotten
 * meanwhile.
 */
export async function* entriesOf(source: StoreExport, revision: bigint): AsyncGenerator<readonly CopiedEntry[], void, undefined> {
  const expiries = await source.expiries();
  let after: string | undefined;
  for (;;) {
    const page = await source.list("/", { limit: pageEntries, at: revision, ...(after === undefined ? {} : { after }) });
    for (const { key, damage } of page.entries) {
      if (damage !== undefined) throw damage;
      if (key === incompleteKey) throw new StoreIncomplete();
    }
    if (page.entries.length > 0) yield page.entries.map((entry) => withExpiry(entry, expiries.get(entry.key)));
    if (!page.more) return;
    after = page.entries.at(-1)?.key;
  }
}

export const withExpiry = (entry: CopiedEntry, expires: number | undefined): CopiedEntry => (expires === undefined ? entry : { ...entry, expires });

/** Gathers entries until they are worth a transaction. */
export class Batches {
  readonly #put: (entries: readonly CopiedEntry[]) => Promise<void>;
  #entries: CopiedEntry[] = [];
  #bytes = 0;

  constructor(put: (entries: readonly CopiedEntry[]) => Promise<void>) {
    this.#put = put;
  }

  async add(entry: CopiedEntry): Promise<void> {
    this.#entries.push(entry);
    this.#bytes += entry.value.byteLength;
    if (this.#entries.length >= pageEntries || this.#bytes >= batchBytes) await this.flush();
  }

  async flush(): Promise<void> {
    const entries = this.#entries;
    this.#entries = [];
    this.#bytes = 0;
    if (entries.length > 0) await this.#put(entries);
  }
}
