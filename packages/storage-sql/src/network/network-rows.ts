import { type Entry, StoreDamaged, type WriteChange } from "@dataplane/storage";
import { logChecksum } from "../checksum.js";
import type { SqlRow } from "./network-dialect.js";

const noBytes = new Uint8Array(0);

/** A whole number; libraries give those of 64 bits as text or bigint. */
export function numberIn(row: SqlRow | undefined, column: string): number {
  const value = row?.[column];
  const number = typeof value === "string" || typeof value === "bigint" ? Number(value) : value;
  if (typeof number === "number" && Number.isSafeInteger(number)) return number;
  throw new StoreDamaged(`the database gave no number for ${column}`);
}

export function bytesIn(row: SqlRow, column: string): Uint8Array {
  const value = row[column];
  if (value instanceof Uint8Array) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  throw new StoreDamaged(`the database gave no bytes for ${column}`);
}

export const keyIn = (row: SqlRow, column = "name"): string => Buffer.from(bytesIn(row, column)).toString();

/** The entry of a row of the log; its value is empty and `damage` says so when the row is not what was written. */
export function entryIn(row: SqlRow): Entry {
  const [key, revision, value] = [keyIn(row), numberIn(row, "revision"), bytesIn(row, "value")];
  const checksum = logChecksum({ revision, key, deleted: numberIn(row, "deleted") === 1, previous: numberIn(row, "previous"), value });
  return checked({ key, revision: BigInt(revision), value }, checksum === numberIn(row, "checksum"));
}

/** A row of the log joined with the one that it replaced, whose columns begin with `p_`. */
export function changeIn(row: SqlRow): WriteChange {
  const { key, revision, ...rest } = entryIn(row);
  const deleted = numberIn(row, "deleted") === 1;
  const previous = numberIn(row, "previous") === 0 ? undefined : replacedIn(row, key);
  if (!deleted) return { type: "put", entry: { key, revision, ...rest }, previous };
  if (previous === undefined) throw new StoreDamaged(`the log does not have what revision ${String(revision)} deleted`, key);
  return { type: "delete", key, revision, previous };
}

function replacedIn(row: SqlRow, key: string): Entry {
  const revision = numberIn(row, "previous");
  if (row["p_value"] === null) return checked({ key, revision: BigInt(revision), value: noBytes }, false);
  const value = bytesIn(row, "p_value");
  const checksum = logChecksum({ revision, key, deleted: false, previous: numberIn(row, "p_previous"), value });
  return checked({ key, revision: BigInt(revision), value }, checksum === numberIn(row, "p_checksum"));
}

function checked(entry: Entry, isWhole: boolean): Entry {
  if (isWhole) return entry;
  const damage = new StoreDamaged(`the stored value of revision ${String(entry.revision)} is not what was written`, entry.key);
  return { ...entry, value: noBytes, damage };
}
