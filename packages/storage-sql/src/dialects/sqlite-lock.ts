import { readFileSync, writeFileSync } from "node:fs";
import { StoreLocked } from "../errors.js";
import { type Database, openDatabase, type SqliteDriver } from "./sqlite-driver.js";

/** Holds a database file for one process. */
export interface SqliteLock {
  release(): void;
}

/**
 * Takes the lock beside `path`, or throws StoreLocked. It is SQLite's own lock on an empty database, which the system
 * takes back from a process that dies; the file with the process id is only for the message.
 */
export function takeLock(driver: SqliteDriver, path: string): SqliteLock {
  const pidFile = `${path}.pid`;
  const database = openDatabase(driver, `${path}.lock`);
  try {
    database.exec("PRAGMA busy_timeout = 0");
    // Nothing is ever written: a lock can be had on a full disk too.
    database.exec("PRAGMA journal_mode = MEMORY");
    database.exec("BEGIN EXCLUSIVE");
  } catch (thrown) {
    database.close();
    if (/locked|busy/i.test(String(thrown))) throw new StoreLocked(path, readPid(pidFile));
    throw thrown;
  }
  writePid(pidFile);
  return { release: () => release(database) };
}

function release(database: Database): void {
  database.exec("ROLLBACK");
  database.close();
}

function writePid(file: string): void {
  try {
    writeFileSync(file, `${String(process.pid)}\n`, { mode: 0o600 });
  } catch {
    // On a full disk the message will not say who has it.
  }
}

function readPid(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, "utf8").trim());
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}
