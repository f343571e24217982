import { type Entry, failpoint, StoreDamaged } from "@dataplane/storage";
import { type Counter, counterChecksum, currentChecksum, logChecksum } from "../checksum.js";
import type { Write, WriteResult } from "../engine.js";
import { type Database, numberOf, type Row, type Statement } from "./sqlite-driver.js";
import { type SqliteFailure, writeFailure } from "./sqlite-failure.js";
import { currentColumns, rowIfWhole, verifiedCurrent } from "./sqlite-rows.js";
import { SqliteVacuum } from "./sqlite-vacuum.js";

/** One turn of the writer: one transaction. */
export interface WriterTurn {
  readonly writes: readonly Write[];
  /** Forget the history before this revision. */
  readonly compact: bigint | undefined;
  /** Try whether so many bytes can be written, and write something. */
  readonly probe?: number;
}

export interface WriterAnswer {
  readonly results: readonly WriteResult[];
  /** Whether there is more to delete after a compaction, or space to give back. */
  readonly unswept: boolean;
}

/** The turn failed; unless `failure.kind` is "unknown", nothing was written. */
export class TurnFailed extends Error {
  override readonly name = "TurnFailed";
  readonly failure: SqliteFailure;

  constructor(failure: SqliteFailure, options?: ErrorOptions) {
    super(failure.message, options);
    this.failure = failure;
  }
}

// Rows that one turn of compaction looks at: a millisecond or two, which a write may have to wait.
const sweepRows = 200;

const noBytes = new Uint8Array(0);

/** The one connection that writes. */
export class SqliteWriter {
  readonly #database: Database;
  readonly #statements: ReturnType<typeof prepareAll>;
  readonly #vacuum: SqliteVacuum;

  constructor(database: Database) {
    this.#database = database;
    this.#statements = prepareAll(database);
    this.#vacuum = new SqliteVacuum(database);
  }

  /** Throws TurnFailed. */
  turn({ writes, compact, probe }: WriterTurn): WriterAnswer {
    if (probe !== undefined) this.#tryBytes(probe);
    return this.#transaction((committing) => {
      if (writes.length > 0) failpoint("before-write");
      const before = readCounter(this.#statements.counter.get());
      const results: WriteResult[] = [];
      let { revision } = before;
      for (const write of writes) {
        const result = this.#write(write, revision + 1);
        if (result.type === "written") revision += 1;
        results.push(result);
      }
      if (compact !== undefined) failpoint("before-compact");
      const oldest = compact === undefined ? before.oldest : Math.max(before.oldest, Number(compact));
      const swept = this.#sweep(before.swept, oldest);
      this.#setCounter({ revision, oldest, swept });
      // Space is given back while nobody waits for a write of theirs.
      const isSpacious = swept < oldest || (writes.length === 0 && this.#vacuum.step());
      if (writes.length > 0) failpoint("before-commit");
      committing();
      this.#database.exec("COMMIT");
      if (writes.length > 0) failpoint("after-commit");
      if (swept === oldest && swept > before.swept) failpoint("after-compact");
      return { results, unswept: isSpacious };
    });
  }

  #transaction<T>(work: (committing: () => void) => T): T {
    let isCommitting = false;
    try {
      this.#database.exec("BEGIN IMMEDIATE");
      return work(() => {
        isCommitting = true;
      });
    } catch (thrown) {
      this.#rollback();
      throw new TurnFailed(writeFailure(thrown, isCommitting), { cause: thrown });
    }
  }

  /** Takes the space of a value and gives it back: a disk that has room for the counter alone is still full. */
  #tryBytes(bytes: number): void {
    this.#transaction(() => {
      const { revision } = readCounter(this.#statements.counter.get());
      this.#statements.append.run(revision + 1, "/", 0, 0, new Uint8Array(bytes), 0);
      this.#database.exec("ROLLBACK");
    });
  }

  #write(write: Write, revision: number): WriteResult {
    const { key, expected } = write;
    const row = this.#statements.current.get(key);
    const actual = row === undefined ? 0 : numberOf(row, "at");
    if (BigInt(actual) !== expected || (write.type === "delete" && row === undefined)) return { type: "conflict", actual: BigInt(actual) };
    const previous: Entry | undefined = row === undefined ? undefined : verifiedCurrent(row, key);
    const deleted = write.type === "delete";
    const value = deleted ? noBytes : write.value;
    const checksum = logChecksum({ revision, key, deleted, previous: actual, value });
    this.#statements.append.run(revision, key, deleted ? 1 : 0, actual, value, checksum);
    if (deleted) {
      this.#statements.dropCurrent.run(key);
    } else {
      const expires = write.expires ?? null;
      this.#statements.setCurrent.run(key, revision, expires, currentChecksum(key, revision, expires));
    }
    return { type: "written", revision: BigInt(revision), previous };
  }

  /**
   * Deletes some of what nobody can ask for any more: what a change up to `oldest` replaced, and such deletions themselves. Returns how far it
   * came.
   */
  #sweep(swept: number, oldest: number): number {
    if (swept >= oldest) return swept;
    const rows = this.#statements.superseding.all(swept, oldest, sweepRows);
    for (const row of rows) {
      // What a damaged row says it replaced may be what is there now.
      const proven = rowIfWhole(row);
      if (proven === undefined) continue;
      if (proven.previous !== 0) this.#statements.forget.run(proven.previous);
      if (proven.deleted) this.#statements.forget.run(numberOf(row, "revision"));
    }
    failpoint("during-compact");
    const last = rows.at(-1);
    return rows.length < sweepRows || last === undefined ? oldest : numberOf(last, "revision");
  }

  #setCounter(counter: Counter): void {
    this.#statements.setCounter.run(counter.revision, counter.oldest, counter.swept, counterChecksum(counter));
  }

  #rollback(): void {
    try {
      this.#database.exec("ROLLBACK");
    } catch {
      // SQLite has rolled back by itself after some errors; the first one is what counts.
    }
  }
}

/** Throws StoreDamaged: a counter that went back would give revisions a second time. */
export function readCounter(row: Row | undefined): Counter {
  const counter = { revision: numberOf(row, "revision"), oldest: numberOf(row, "oldest"), swept: numberOf(row, "swept") };
  if (numberOf(row, "checksum") !== counterChecksum(counter)) throw new StoreDamaged("the database file is damaged: its counter of revisions is");
  return counter;
}

export const counterQuery = "SELECT revision, oldest, swept, checksum FROM counter";

function prepareAll(database: Database) {
  const prepare = (sql: string): Statement => database.prepare(sql);
  return {
    counter: prepare(counterQuery),
    setCounter: prepare("UPDATE counter SET revision = ?, oldest = ?, swept = ?, checksum = ?"),
    current: prepare(`SELECT ${currentColumns} FROM current c LEFT JOIN log l ON l.revision = c.revision WHERE c.key = ?`),
    append: prepare("INSERT INTO log (revision, key, deleted, previous, value, checksum) VALUES (?, ?, ?, ?, ?, ?)"),
    setCurrent: prepare("INSERT OR REPLACE INTO current (key, revision, expires, checksum) VALUES (?, ?, ?, ?)"),
    dropCurrent: prepare("DELETE FROM current WHERE key = ?"),
    superseding: prepare(
      "SELECT revision, key, deleted, previous, value, checksum FROM log WHERE revision > ? AND revision <= ? ORDER BY revision LIMIT ?",
    ),
    forget: prepare("DELETE FROM log WHERE revision = ?"),
  };
}
