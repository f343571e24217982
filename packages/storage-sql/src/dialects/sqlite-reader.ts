import {
  type Entry,
  type History,
  type Listing,
  type Page,
  prefixEnd,
  RevisionCompacted,
  RevisionFuture,
  type WriteChange,
} from "@dataplane/storage";
import type { ExpiredKey } from "../engine.js";
import { bytesOf, type Database, numberOf, type Row, type Statement, textOf } from "./sqlite-driver.js";

// A page of history is bounded in changes, and in bytes of values.
const historyRows = 1000;
const historyBytes = 4 * 1024 * 1024;
const expiredRows = 500;

/** The connection that reads. Its calls are synchronous, so that none sees another's transaction. */
export class SqliteReader {
  readonly #database: Database;
  readonly #statements: ReturnType<typeof prepareAll>;

  constructor(database: Database) {
    this.#database = database;
    this.#statements = prepareAll(database);
  }

  revision(): bigint {
    return BigInt(numberOf(this.#statements.counter.get(), "revision"));
  }

  get(key: string): Entry | undefined {
    const row = this.#statements.get.get(key);
    return row === undefined ? undefined : entryOf(row, key);
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
          ? this.#statements.list.all(prefix, from, end, end, most)
          : this.#statements.listAt.all(prefix, from, end, end, Number(revision), Number(revision), most);
      const more = limit !== undefined && rows.length > limit;
      const entries = (more ? rows.slice(0, limit) : rows).map((row) => entryOf(row, textOf(row, "key")));
      return { entries, revision, more };
    });
  }

  /** See Engine.history. */
  history(prefix: string, after: bigint, last: bigint): History {
    return this.#snapshot((_, oldest) => {
      // Revision 0 is before the empty store: nothing happened from there to 1.
      const since = after < 1n ? 1n : after;
      if (since < oldest) throw new RevisionCompacted(oldest);
      const sizes = this.#statements.historySizes.all(
        Number(since),
        Number(last),
        prefix,
        prefixEnd(prefix) ?? null,
        prefixEnd(prefix) ?? null,
        historyRows,
      );
      const count = countWithin(sizes, historyBytes);
      const final = sizes[count - 1];
      if (final === undefined) return { changes: [], upTo: last };
      const upTo = numberOf(final, "revision");
      const changes = sizes.slice(0, count).map((row) => this.#change(numberOf(row, "revision")));
      return { changes, upTo: count < sizes.length || sizes.length === historyRows ? BigInt(upTo) : last };
    });
  }

  expired(now: number): readonly ExpiredKey[] {
    return this.#statements.expired.all(now, expiredRows).map((row) => ({ key: textOf(row, "key"), revision: BigInt(numberOf(row, "revision")) }));
  }

  nextExpiry(): number | undefined {
    const row = this.#statements.nextExpiry.get();
    return row === undefined ? undefined : numberOf(row, "expires");
  }

  #change(revision: number): WriteChange {
    const row = this.#statements.change.get(revision);
    if (row === undefined) throw new Error(`revision ${String(revision)} is missing in the log`);
    const key = textOf(row, "key");
    const before = numberOf(row, "previous");
    const previous = before === 0 ? undefined : this.#previous(key, before);
    if (numberOf(row, "deleted") === 0) return { type: "put", entry: entryOf(row, key), previous };
    if (previous === undefined) throw new Error(`what revision ${String(revision)} deleted is missing in the log`);
    return { type: "delete", key, revision: BigInt(revision), previous };
  }

  #previous(key: string, revision: number): Entry {
    const row = this.#statements.change.get(revision);
    if (row === undefined) throw new Error(`revision ${String(revision)} is missing in the log`);
    return entryOf(row, key);
  }

  #snapshot<T>(read: (newest: bigint, oldest: bigint) => T): T {
    this.#database.exec("BEGIN");
    try {
      const counter = this.#statements.counter.get();
      return read(BigInt(numberOf(counter, "revision")), BigInt(numberOf(counter, "oldest")));
    } finally {
      this.#database.exec("COMMIT");
    }
  }
}

function prepareAll(database: Database) {
  const prepare = (sql: string): Statement => database.prepare(sql);
  const range = "key >= ? AND key > ? AND (? IS NULL OR key < ?)";
  return {
    counter: prepare("SELECT revision, oldest FROM counter"),
    get: prepare("SELECT l.revision, l.value FROM current c JOIN log l ON l.revision = c.revision WHERE c.key = ?"),
    list: prepare(
      `SELECT c.key, l.revision, l.value FROM current c JOIN log l ON l.revision = c.revision WHERE ${range.replaceAll("key", "c.key")} ORDER BY c.key LIMIT ?`,
    ),
    // Of each key the newest version up to the revision; the index on (key, revision) answers the inner question.
    listAt: prepare(
      `SELECT l.key, l.revision, l.value FROM log l WHERE ${range.replaceAll("key", "l.key")} AND l.revision <= ? AND l.deleted = 0
       AND l.revision = (SELECT max(n.revision) FROM log n WHERE n.key = l.key AND n.revision <= ?) ORDER BY l.key LIMIT ?`,
    ),
    historySizes: prepare(
      "SELECT revision, length(value) AS size FROM log NOT INDEXED WHERE revision > ? AND revision <= ? AND key >= ? AND (? IS NULL OR key < ?) ORDER BY revision LIMIT ?",
    ),
    change: prepare("SELECT revision, key, deleted, previous, value FROM log WHERE revision = ?"),
    expired: prepare("SELECT key, revision FROM current WHERE expires <= ? ORDER BY expires LIMIT ?"),
    nextExpiry: prepare("SELECT expires FROM current WHERE expires IS NOT NULL ORDER BY expires LIMIT 1"),
  };
}

const keyRange = (prefix: string, after = ""): { readonly from: string; readonly end: string | null } => ({
  from: after,
  end: prefixEnd(prefix) ?? null,
});

const entryOf = (row: Row, key: string): Entry => ({ key, value: bytesOf(row, "value"), revision: BigInt(numberOf(row, "revision")) });

/** How many of the rows have at most so many bytes together; at least one. */
function countWithin(rows: readonly Row[], bytes: number): number {
  let sum = 0;
  const index = rows.findIndex((row) => {
    sum += numberOf(row, "size");
    return sum > bytes;
  });
  return index < 0 ? rows.length : Math.max(index, 1);
}
