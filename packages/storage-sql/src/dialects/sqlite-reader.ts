import {
  type Entry,
  type History,
  type Listing,
  type Page,
  prefixEnd,
  RevisionCompacted,
  RevisionFuture,
  StoreDamaged,
  type WriteChange,
} from "@dataplane/storage";
import type { ExpiredKey } from "../engine.js";
import { bytesOf, type Database, numberOf, type Row, type Statement, textOf } from "./sqlite-driver.js";
import { readFailure } from "./sqlite-failure.js";
import { currentColumns, orDamage, requireCurrent, verifiedCurrent, verifiedRow } from "./sqlite-rows.js";
import { counterQuery, readCounter } from "./sqlite-writer.js";
import { VerifiedRevisions } from "./verified-revisions.js";

// A page of history is bounded in changes, and in bytes of values.
const historyRows = 1000;
const historyBytes = 4 * 1024 * 1024;
const expiredRows = 500;

/**
 * The connection that reads. Its calls are synchronous, so that none sees another's transaction. What is not what was written is StoreDamaged;
 * a file that cannot be read is StoreUnavailable.
 */
export class SqliteReader {
  readonly #database: Database;
  readonly #statements: ReturnType<typeof prepareAll>;
  // Verifying each value again would be a good part of what a large list costs.
  readonly #verified = new VerifiedRevisions();

  constructor(database: Database) {
    this.#database = database;
    this.#statements = prepareAll(database);
  }

  revision(): bigint {
    return translated(() => BigInt(readCounter(this.#statements.counter.get()).revision));
  }

  get(key: string): Entry | undefined {
    return translated(() => {
      const row = this.#statements.get.get(key);
      return row === undefined ? undefined : verifiedCurrent(row, key);
    });
  }

  list(prefix: string, { limit, after, at }: Page): Listing {
    return this.#snapshot((newest, oldest) => {
      const revision = at ?? newest;
      if (revision < oldest) throw new RevisionCompacted(oldest);
      if (revision > newest) throw new RevisionFuture(newest);
      const { from, end } = keyRange(prefix, after);
      const most = limit === undefined ? -1 : limit + 1;
      const rows =
        revision === newest
          ? this.#newest([prefix, from, end, end, most])
          : this.#statements.listAt.all(prefix, from, end, end, Number(revision), Number(revision), most).map(provenOrDamaged);
      const more = limit !== undefined && rows.length > limit;
      const entries = more ? rows.slice(0, limit) : rows;
      return { entries, revision, more };
    });
  }

  /** See Engine.history. */
  history(prefix: string, after: bigint, last: bigint): History {
    return this.#snapshot((_, oldest) => {
      // Revision 0 is before the empty store: nothing happened from there to 1.
      const since = after < 1n ? 1n : after;
      if (since < oldest) throw new RevisionCompacted(oldest);
      const end = prefixEnd(prefix) ?? null;
      const rows = this.#statements.historySizes.all(prefix, end, end, Number(since), Number(last), historyRows);
      requireNoGap(rows, Number(since), Number(last));
      const { revisions, upTo } = pageOf(rows);
      return { changes: revisions.map((revision) => this.#change(revision)), upTo: upTo === undefined ? last : BigInt(upTo) };
    });
  }

  expired(now: number): readonly ExpiredKey[] {
    return translated(() =>
      this.#statements.expired.all(now, expiredRows).map((row) => {
        const key = textOf(row, "key");
        requireCurrent(key, row["revision"], row["expires"], row["checksum"]);
        return { key, revision: BigInt(numberOf(row, "revision")) };
      }),
    );
  }

  nextExpiry(): number | undefined {
    return translated(() => {
      const row = this.#statements.nextExpiry.get();
      return row === undefined ? undefined : numberOf(row, "expires");
    });
  }

  /** Keys that are there now. */
  count(): number {
    return translated(() => numberOf(this.#database.prepare("SELECT count(*) AS keys FROM current").get(), "keys"));
  }

  /** When keys are deleted by themselves. */
  expiries(): ReadonlyMap<string, number> {
    return translated(() => {
      const rows = this.#database.prepare("SELECT key, expires FROM current WHERE expires IS NOT NULL").all();
      return new Map(rows.map((row) => [textOf(row, "key"), numberOf(row, "expires")]));
    });
  }

  /** What is there now. Columns cost more than rows do: those that prove a value are read where it has not been proven yet. */
  #newest(range: readonly (string | number | null)[]): readonly Entry[] {
    const rows = this.#statements.list.all(...range);
    const unproven = rows.filter((row) => !this.#isProven(row)).length;
    if (unproven > rows.length / 8) return this.#statements.listProof.all(...range).map((row) => this.#proven(row, textOf(row, "key")));
    return rows.map((row) => {
      const key = textOf(row, "key");
      if (this.#isProven(row)) return { key, value: bytesOf(row, "value"), revision: BigInt(numberOf(row, "revision")) };
      return this.#proven(this.#statements.get.get(key) ?? {}, key);
    });
  }

  #isProven({ revision }: Row): boolean {
    return typeof revision === "number" && this.#verified.has(revision);
  }

  #proven(row: Row, key: string): Entry {
    const entry = orDamage(key, numberOf(row, "at"), () => verifiedCurrent(row, key));
    if (entry.damage === undefined) this.#verified.add(Number(entry.revision));
    return entry;
  }

  #change(revision: number): WriteChange {
    const row = this.#row(revision);
    const key = textOf(row, "key");
    if (numberOf(row, "deleted") === 0) {
      const entry = provenOrDamaged(row);
      // What a damaged row says of others may be wrong too.
      return { type: "put", entry, previous: entry.damage === undefined ? this.#replaced(key, numberOf(row, "previous")) : undefined };
    }
    const previous = this.#replaced(key, verifiedRow(row).previous);
    if (previous === undefined) throw missing(revision);
    return { type: "delete", key, revision: BigInt(revision), previous };
  }

  #replaced(key: string, revision: number): Entry | undefined {
    return revision === 0 ? undefined : orDamage(key, revision, () => verifiedRow(this.#row(revision), key).entry);
  }

  #row(revision: number): Row {
    const row = this.#statements.change.get(revision);
    if (row === undefined) throw missing(revision);
    return row;
  }

  #snapshot<T>(read: (newest: bigint, oldest: bigint) => T): T {
    return translated(() => {
      this.#database.exec("BEGIN");
      try {
        const { revision, oldest } = readCounter(this.#statements.counter.get());
        return read(BigInt(revision), BigInt(oldest));
      } finally {
        this.#database.exec("COMMIT");
      }
    });
  }
}

function prepareAll(database: Database) {
  const prepare = (sql: string): Statement => database.prepare(sql);
  const range = "key >= ? AND key > ? AND (? IS NULL OR key < ?)";
  return {
    counter: prepare(counterQuery),
    get: prepare(`SELECT ${currentColumns} FROM current c LEFT JOIN log l ON l.revision = c.revision WHERE c.key = ?`),
    list: prepare(
      `SELECT c.key, l.revision, l.value FROM current c LEFT JOIN log l ON l.revision = c.revision WHERE ${range.replaceAll("key", "c.key")} ORDER BY c.key LIMIT ?`,
    ),
    listProof: prepare(
      `SELECT c.key AS key, ${currentColumns} FROM current c LEFT JOIN log l ON l.revision = c.revision WHERE ${range.replaceAll("key", "c.key")} ORDER BY c.key LIMIT ?`,
    ),
    // Of each key the newest version up to the revision; the index on (key, revision) answers the inner question.
    listAt: prepare(
      `SELECT l.revision, l.key, l.deleted, l.previous, l.value, l.checksum FROM log l WHERE ${range.replaceAll("key", "l.key")} AND l.revision <= ?
       AND l.deleted = 0 AND l.revision = (SELECT max(n.revision) FROM log n WHERE n.key = l.key AND n.revision <= ?) ORDER BY l.key LIMIT ?`,
    ),
    // Of every row, so that one which is missing is noticed.
    historySizes: prepare(
      `SELECT revision, key >= ? AND (? IS NULL OR key < ?) AS matches, length(value) AS size FROM log NOT INDEXED
       WHERE revision > ? AND revision <= ? ORDER BY revision LIMIT ?`,
    ),
    change: prepare("SELECT revision, key, deleted, previous, value, checksum FROM log WHERE revision = ?"),
    expired: prepare("SELECT key, revision, expires, checksum FROM current WHERE expires <= ? ORDER BY expires LIMIT ?"),
    nextExpiry: prepare("SELECT expires FROM current WHERE expires IS NOT NULL ORDER BY expires LIMIT 1"),
  };
}

const keyRange = (prefix: string, after = ""): { readonly from: string; readonly end: string | null } => ({
  from: after,
  end: prefixEnd(prefix) ?? null,
});

/** The revisions to read, and how far they reach; undefined when nothing follows. */
function pageOf(rows: readonly Row[]): { readonly revisions: readonly number[]; readonly upTo: number | undefined } {
  const revisions: number[] = [];
  let bytes = 0;
  for (const [index, row] of rows.entries()) {
    if (numberOf(row, "matches") === 0) continue;
    bytes += numberOf(row, "size");
    if (bytes > historyBytes && revisions.length > 0) return { revisions, upTo: numberOf(rows[index - 1], "revision") };
    revisions.push(numberOf(row, "revision"));
  }
  return { revisions, upTo: rows.length < historyRows ? undefined : numberOf(rows.at(-1), "revision") };
}

/** One write is one revision, and nothing after the oldest one is ever deleted. */
function requireNoGap(rows: readonly Row[], since: number, last: number): void {
  const gap = rows.findIndex((row, index) => row["revision"] !== since + 1 + index);
  if (gap >= 0) throw missing(since + 1 + gap);
  if (rows.length < historyRows && since + rows.length < last) throw missing(since + rows.length + 1);
}

const provenOrDamaged = (row: Row): Entry => orDamage(textOf(row, "key"), numberOf(row, "revision"), () => verifiedRow(row).entry);

const missing = (revision: number): StoreDamaged =>
  new StoreDamaged(`the database file is damaged: revision ${String(revision)} is missing in its log`);

function translated<T>(read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    throw readFailure(thrown);
  }
}
