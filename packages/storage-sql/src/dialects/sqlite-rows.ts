import { type Entry, StoreDamaged } from "@dataplane/storage";
import { currentChecksum, logChecksum } from "../checksum.js";
import { bytesOf, numberOf, type Row, textOf } from "./sqlite-driver.js";

/** A row of the log, proven to be what was written. */
export interface VerifiedRow {
  readonly entry: Entry;
  readonly deleted: boolean;
  readonly previous: number;
}

/**
 * Reads `revision, key, deleted, previous, value, checksum` of the log. Throws StoreDamaged, with the key, when the checksum is another one, or
 * the row is of another key than was looked for.
 */
export function verifiedRow(row: Row, sought?: string): VerifiedRow {
  const key = textOf(row, "key");
  const revision = numberOf(row, "revision");
  const deleted = numberOf(row, "deleted") !== 0;
  const previous = numberOf(row, "previous");
  const value = bytesOf(row, "value");
  const isWhole = numberOf(row, "checksum") === logChecksum({ revision, key, deleted, previous, value });
  if (!isWhole || (sought !== undefined && sought !== key)) throw damagedValue(sought ?? key, revision);
  return { entry: { key, value, revision: BigInt(revision) }, deleted, previous };
}

/** The same; undefined when it is damaged. */
export function rowIfWhole(row: Row): VerifiedRow | undefined {
  try {
    return verifiedRow(row);
  } catch {
    return undefined;
  }
}

const noBytes = new Uint8Array(0);

/** What `read` gives; where that is damaged, an entry that says so, as lists and watches have it. What is not about one key is thrown. */
export function orDamage(key: string, revision: number, read: () => Entry): Entry {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof StoreDamaged && thrown.key !== undefined) return { key, value: noBytes, revision: BigInt(revision), damage: thrown };
    throw thrown;
  }
}

/**
 * The columns that `verifiedCurrent` reads, of `current c LEFT JOIN log l`. Each column costs as much as reading the row does: all that proves the
 * value is one of them.
 */
export const currentColumns = `c.revision AS at, l.revision AS revision, l.value AS value,
  coalesce(c.expires, 'null') || ' ' || c.checksum || ' ' || l.deleted || ' ' || l.previous || ' ' || l.checksum || ' ' || (l.key = c.key) AS proof`;

/** Reads `currentColumns`: the value that a key has now. Throws StoreDamaged. */
export function verifiedCurrent(row: Row, key: string): Entry {
  const at = numberOf(row, "at");
  if (row["revision"] === null) throw damagedValue(key, at);
  const [expires = "", ofCurrent, deleted, previous, ofLog, isSameKey] = textOf(row, "proof").split(" ");
  requireCurrent(key, at, expires === "null" ? null : Number(expires), Number(ofCurrent));
  const value = bytesOf(row, "value");
  const checksum = logChecksum({ revision: at, key, deleted: false, previous: Number(previous), value });
  if (deleted !== "0" || isSameKey !== "1" || row["revision"] !== at || Number(ofLog) !== checksum) throw damagedValue(key, at);
  return { key, value, revision: BigInt(at) };
}

/** Throws StoreDamaged when a row of the current keys is not what was written. */
export function requireCurrent(key: string, revision: unknown, expires: unknown, checksum: unknown): void {
  const isWhole =
    typeof revision === "number" &&
    (expires === null || typeof expires === "number") &&
    typeof checksum === "number" &&
    checksum === currentChecksum(key, revision, expires);
  if (!isWhole) throw new StoreDamaged(`the record of which value of ${JSON.stringify(key)} is the newest is damaged`, key);
}

export const damagedValue = (key: string, revision: number): StoreDamaged =>
  new StoreDamaged(`the value of ${JSON.stringify(key)} at revision ${String(revision)} is damaged`, key);
