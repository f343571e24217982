import { type Entry, RevisionConflict, type Store, StoreUnavailable } from "@dataplane/storage";
import type { EncryptionRules } from "./encryption-rules.js";
import { isReserved, reservedKey } from "./reserved-keys.js";
import { isSealed, nameOf, sealedBy, type ValueCipher } from "./value-cipher.js";

/** Values are sealed under a key that the configuration does not have, or has with other bytes. Nothing was written. */
export class EncryptionKeyMissing extends Error {
  override readonly name = "EncryptionKeyMissing";
}

/** A key that sealed values of this store, as its record tells. */
interface KeyRecord {
  readonly entry: Entry;
  readonly provider: string;
  readonly keyName: string;
  readonly fingerprint: string;
}

/** What cannot be opened, by provider and key. */
interface Unopened {
  count: number;
  readonly first: string;
}

const recordsPrefix = `${reservedKey("encryption", "keys")}/`;
const pageSize = 500;

/** Whether any key ever sealed a value of this store. */
export const hasKeyRecords = async (store: Store): Promise<boolean> => (await store.list(recordsPrefix, { limit: 1 })).entries.length > 0;

/**
 * Each key that ever sealed something here has a record. One whose key the rules do not have is let go when nothing is sealed under it any
 * more; else this throws EncryptionKeyMissing. `store` is the one below encryption.
 */
export async function proveKeys(store: Store, rules: EncryptionRules): Promise<void> {
  const { entries } = await store.list(recordsPrefix);
  const orphans = entries.map(recordOf).filter((record) => !rules.ciphers.some((cipher) => isOf(record, cipher)));
  if (orphans.length === 0) return;
  const unopened = await countUnopened(store, rules, new Set(orphans.map(nameOf)));
  const [missing] = orphans.filter((orphan) => unopened.has(nameOf(orphan)));
  if (missing !== undefined) throw missingKey(missing, rules, unopened.get(nameOf(missing)));
  for (const { entry } of orphans) await store.delete(entry.key, entry.revision).catch(ignoreConflict);
}

/** Before a key seals its first value. */
export async function recordWriters(store: Store, rules: EncryptionRules): Promise<void> {
  for (const { provider, keyName, fingerprint } of rules.writers) {
    if (fingerprint === undefined) continue;
    const key = recordsPrefix + [provider, keyName, fingerprint].map(encodeURIComponent).join("/");
    if ((await store.get(key)) !== undefined) continue;
    await store.put(key, Buffer.from(JSON.stringify({ provider, key: keyName })), { expected: 0n }).catch(ignoreConflict);
  }
}

function recordOf(entry: Entry): KeyRecord {
  const [provider = "", keyName = "", fingerprint = ""] = entry.key.slice(recordsPrefix.length).split("/").map(decodeURIComponent);
  return { entry, provider, keyName, fingerprint };
}

const isOf = (record: KeyRecord, { provider, keyName, fingerprint }: ValueCipher): boolean =>
  record.provider === provider && record.keyName === keyName && record.fingerprint === fingerprint;

async function countUnopened(store: Store, rules: EncryptionRules, names: ReadonlySet<string>): Promise<ReadonlyMap<string, Unopened>> {
  const unopened = new Map<string, Unopened>();
  for await (const { key, value } of allEntries(store)) {
    const by = isSealed(value) && !isReserved(key) ? sealedBy(value) : undefined;
    if (by === undefined || !names.has(nameOf(by)) || (await opens(rules, key, value))) continue;
    const known = unopened.get(nameOf(by));
    if (known === undefined) unopened.set(nameOf(by), { count: 1, first: key });
    else known.count += 1;
  }
  return unopened;
}

async function opens(rules: EncryptionRules, key: string, value: Uint8Array): Promise<boolean> {
  try {
    await rules.open(key, value);
    return true;
  } catch (error) {
    if (error instanceof StoreUnavailable) throw error;
    return false;
  }
}

function missingKey(record: KeyRecord, rules: EncryptionRules, { count, first }: Unopened = { count: 0, first: "" }): EncryptionKeyMissing {
  const hasName = rules.ciphers.some(({ provider, keyName }) => provider === record.provider && keyName === record.keyName);
  const what = hasName ? "has another secret than the one" : "is not among the keys, but is the one";
  const values = count === 1 ? "1 stored value is" : `${String(count)} stored values are`;
  return new EncryptionKeyMissing(
    `encryption at rest: the key ${nameOf(record)} ${what} that ${values} sealed under (first: ${first}). ` +
      "Put that key back, below the first one, until all is rewritten. Nothing was changed.",
  );
}

/** As they were at one revision, in pages. */
export async function* allEntries(store: Store): AsyncGenerator<Entry, void, undefined> {
  let after: string | undefined;
  let at: bigint | undefined;
  for (;;) {
    const { entries, more, revision } = await store.list("/", { limit: pageSize, ...(after === undefined || at === undefined ? {} : { after, at }) });
    yield* entries;
    after = entries.at(-1)?.key;
    at = revision;
    if (!more || after === undefined) return;
  }
}

export function ignoreConflict(error: unknown): void {
  if (!(error instanceof RevisionConflict)) throw error;
}
