import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Change, StoreExport } from "@dataplane/storage";
import { type Database, defaultDriver, openDatabase, textOf } from "./sqlite-driver.js";
import { readFailure } from "./sqlite-failure.js";
import { takeLock } from "./sqlite-lock.js";
import { SqliteReader } from "./sqlite-reader.js";
import { checkVersion, findings } from "./sqlite-schema.js";

const pollMs = 200;

export interface SqliteExportOptions {
  /** Keeps servers from the file meanwhile: throws StoreLocked when one has it. */
  readonly exclusive?: boolean;
}

/**
 * Reads the file `path` beside the server that has it open, if one has. Throws SchemaTooNew, and an Error when there is no such file or an earlier
 * release wrote it.
 */
export function openSqliteExport(path: string, { exclusive = false }: SqliteExportOptions = {}): StoreExport {
  if (!existsSync(path)) throw new Error(`there is no file ${path}`);
  const lock = exclusive ? takeLock(defaultDriver(), path) : undefined;
  const database = openDatabase(defaultDriver(), path);
  try {
    database.exec("PRAGMA busy_timeout = 10000");
    checkVersion(database, path);
    database.exec("PRAGMA query_only = 1");
    const reader = new SqliteReader(database);
    return {
      revision: () => promised(() => reader.revision()),
      list: (prefix, page) => promised(() => reader.list(prefix, page)),
      changes: (after, signal) => changes(reader, after, signal),
      count: () => promised(() => reader.count()),
      expiries: () => promised(() => reader.expiries()),
      problems: () => promised(() => problems(database)),
      close: () =>
        promised(() => {
          database.close();
          lock?.release();
        }),
    };
  } catch (thrown) {
    database.close();
    lock?.release();
    throw readFailure(thrown);
  }
}

function promised<T>(work: () => T): Promise<T> {
  return Promise.resolve().then(work);
}

/** There is nobody in the other process who would tell of a write: the counter is looked at. */
async function* changes(reader: SqliteReader, after: bigint, signal: AbortSignal): AsyncGenerator<Change, void, undefined> {
  let seen = after;
  while (!signal.aborted) {
    const newest = reader.revision();
    if (newest === seen) {
      yield { type: "progress", revision: seen };
      await sleep(pollMs, undefined, { signal }).catch(() => undefined);
      continue;
    }
    const page = reader.history("/", seen, newest);
    yield* page.changes;
    seen = page.upTo;
  }
}

/** What SQLite finds in the file, and keys whose value in the log is not the newest one. */
function problems(database: Database): readonly string[] {
  const older = database
    .prepare(
      `SELECT c.key AS key FROM current c WHERE c.revision <> (SELECT max(l.revision) FROM log l WHERE l.key = c.key)
       UNION ALL SELECT l.key FROM log l WHERE l.deleted = 0 AND l.revision = (SELECT max(n.revision) FROM log n WHERE n.key = l.key)
       AND NOT EXISTS (SELECT 1 FROM current c WHERE c.key = l.key) LIMIT 100`,
    )
    .all();
  return [
    ...findings(database),
    ...older.map((row) => `${JSON.stringify(textOf(row, "key"))}: the log knows a newer state than the list of current keys`),
  ];
}
