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

/** The columns that `verifiedCurrent` reads, of `current c LEFT JOIN log l`. */
export const currentColumns =
  "c.key AS key, c.revision AS at, c.expires AS expires, c.checksum AS sum, l.key AS logged, l.revision AS revision, l.deleted AS deleted, l.previous AS previous, l.value AS value, l.checksum AS checksum";

/** Reads `currentColumns`: a key that is there now, with its value. Throws StoreDamaged. */
export function verifiedCurrent(row: Row): Entry {
  const key = textOf(row, "key");
  requireCurrent(key, row["at"], row["expires"], row["sum"]);
  if (row["revision"] === null) throw damagedValue(key, numberOf(row, "at"));
  return verifiedRow({ ...row, key: row["logged"] }, key).entry;
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
