import type { Entry } from "@dataplane/storage";
import type { Write, WriteResult } from "../engine.js";
import { bytesOf, type Database, numberOf, type Statement } from "./sqlite-driver.js";

/** One turn of the writer: one transaction. */
export interface WriterTurn {
  readonly writes: readonly Write[];
  /** Forget the history before this revision. */
  readonly compact: bigint | undefined;
}

export interface WriterAnswer {
  readonly results: readonly WriteResult[];
  /** Whether compaction has more to delete. */
  readonly unswept: boolean;
}

// Rows that one turn of compaction looks at: a few milliseconds.
const sweepRows = 500;

const noBytes = new Uint8Array(0);

/** The one connection that writes. */
export class SqliteWriter {
  readonly #database: Database;
  readonly #statements: ReturnType<typeof prepareAll>;

  constructor(database: Database) {
    this.#database = database;
    this.#statements = prepareAll(database);
  }

  /** Throws when nothing was written. */
  turn({ writes, compact }: WriterTurn): WriterAnswer {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const counter = this.#statements.counter.get();
      let revision = numberOf(counter, "revision");
      const results: WriteResult[] = [];
      for (const write of writes) {
        const result = this.#write(write, revision + 1);
        if (result.type === "written") revision += 1;
        results.push(result);
      }
      if (writes.length > 0) this.#statements.setRevision.run(revision);
      if (compact !== undefined) this.#statements.setOldest.run(Number(compact));
      const unswept = this.#sweep();
      this.#database.exec("COMMIT");
      return { results, unswept };
    } catch (thrown) {
      this.#rollback();
      throw thrown;
    }
  }

  #write(write: Write, revision: number): WriteResult {
    const { key, expected } = write;
    const row = this.#statements.current.get(key);
    const actual = row === undefined ? 0 : numberOf(row, "revision");
    if (BigInt(actual) !== expected || (write.type === "delete" && row === undefined)) return { type: "conflict", actual: BigInt(actual) };
    const previous: Entry | undefined = row === undefined ? undefined : { key, value: bytesOf(row, "value"), revision: BigInt(actual) };
    if (write.type === "put") {
      this.#statements.append.run(revision, key, 0, actual, write.value);
      this.#statements.setCurrent.run(key, revision, write.expires ?? null);
    } else {
      this.#statements.append.run(revision, key, 1, actual, noBytes);
      this.#statements.dropCurrent.run(key);
    }
    return { type: "written", revision: BigInt(revision), previous };
  }

  /** Deletes some of what nobody can ask for any more: what a change up to `oldest` replaced, and such deletions themselves. */
  #sweep(): boolean {
    const counter = this.#statements.counter.get();
    const oldest = numberOf(counter, "oldest");
    const swept = numberOf(counter, "swept");
    if (swept >= oldest) return false;
    const rows = this.#statements.superseding.all(swept, oldest, sweepRows);
    for (const row of rows) {
      const previous = numberOf(row, "previous");
      if (previous !== 0) this.#statements.forget.run(previous);
      if (numberOf(row, "deleted") === 1) this.#statements.forget.run(numberOf(row, "revision"));
    }
    const last = rows.at(-1);
    const reached = rows.length < sweepRows || last === undefined ? oldest : numberOf(last, "revision");
    this.#statements.setSwept.run(reached);
    return reached < oldest;
  }

  #rollback(): void {
    try {
      this.#database.exec("ROLLBACK");
    } catch {
      // SQLite has rolled back by itself after some errors; the first one is what counts.
    }
  }
}

function prepareAll(database: Database) {
  const prepare = (sql: string): Statement => database.prepare(sql);
  return {
    counter: prepare("SELECT revision, oldest, swept FROM counter"),
    setRevision: prepare("UPDATE counter SET revision = ?"),
    setOldest: prepare("UPDATE counter SET oldest = max(oldest, ?)"),
    setSwept: prepare("UPDATE counter SET swept = ?"),
    current: prepare("SELECT l.revision, l.value FROM current c JOIN log l ON l.revision = c.revision WHERE c.key = ?"),
    append: prepare("INSERT INTO log (revision, key, deleted, previous, value) VALUES (?, ?, ?, ?, ?)"),
    setCurrent: prepare("INSERT OR REPLACE INTO current (key, revision, expires) VALUES (?, ?, ?)"),
    dropCurrent: prepare("DELETE FROM current WHERE key = ?"),
    superseding: prepare("SELECT revision, previous, deleted FROM log WHERE revision > ? AND revision <= ? ORDER BY revision LIMIT ?"),
    forget: prepare("DELETE FROM log WHERE revision = ?"),
  };
}
