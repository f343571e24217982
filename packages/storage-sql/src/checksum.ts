import { crc32 } from "node:zlib";

/** A row of the log, as its checksum covers it. */
export interface LogRow {
  readonly revision: number;
  readonly key: string;
  readonly deleted: boolean;
  /** Revision of what it replaced or removed; 0 when there was nothing. */
  readonly previous: number;
  readonly value: Uint8Array;
}

/** CRC-32 of all that a row of the log says: a value that is found under another key or at another revision is as wrong as one with a flipped bit. */
export const logChecksum = ({ revision, key, deleted, previous, value }: LogRow): number =>
  // The value first: of no bytes, zlib gives 0 whatever it was to go on from.
  crc32(`${String(revision)} ${String(previous)} ${deleted ? "d" : "p"} ${key}`, crc32(value));

/** CRC-32 of a row of the current keys. */
export const currentChecksum = (key: string, revision: number, expires: number | null): number =>
  crc32(`${String(revision)} ${String(expires)} ${key}`);

export interface Counter {
  readonly revision: number;
  /** History before it is forgotten. */
  readonly oldest: number;
  /** How far what is forgotten has been deleted. */
  readonly swept: number;
}

export const counterChecksum = ({ revision, oldest, swept }: Counter): number => crc32(`${String(revision)} ${String(oldest)} ${String(swept)}`);
