import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import type { Dialect } from "../engine.js";
import { type Database, defaultDriver, openDatabase, type SqliteDriver } from "./sqlite-driver.js";
import { SqliteEngine } from "./sqlite-engine.js";
import { readFailure } from "./sqlite-failure.js";
import { takeLock } from "./sqlite-lock.js";
import { prepareFile } from "./sqlite-schema.js";
import { requireWholeLog } from "./sqlite-wal.js";

export interface SqliteOptions {
  /** The library; Node's own where it has one, else libsql. */
  readonly driver?: SqliteDriver;
  /** Milliseconds between two looks whether a disk that failed can be written again; 1000 unless told. */
  readonly probeInterval?: number;
  /** The file may not have more pages of 4 KiB than this; as many as the disk holds unless told. */
  readonly maxPages?: number;
}

/**
 * SQLite in the file `path`, for this process alone; its folder is made when it is not there. Rejects with StoreLocked, SchemaTooNew, and StoreDamaged
 * when the file is not whole.
 */
export function openSqlite(path: string, options: SqliteOptions = {}): Dialect {
  const { driver = defaultDriver(), probeInterval = 1000, maxPages } = options;
  return async () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const lock = takeLock(driver, path);
    let database: Database | undefined;
    try {
      // SQLite gives its other files the mode of this one, and what is stored is the server's alone.
      closeSync(openSync(path, "a", 0o600));
      requireWholeLog(path);
      database = openDatabase(driver, path);
      prepareFile(database, path);
      database.exec("PRAGMA query_only = 1");
      const engine = new SqliteEngine({ database, lock, thread: { driver, path, ...(maxPages === undefined ? {} : { maxPages }) }, probeInterval });
      await engine.start();
      return engine;
    } catch (thrown) {
      database?.close();
      lock.release();
      throw readFailure(thrown);
    }
  };
}
