import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { type CopiedEntry, incompleteKey, type StoreImport, StoreNotEmpty } from "@dataplane/storage";
import { type Counter, counterChecksum, currentChecksum, logChecksum } from "../checksum.js";
import { type Database, defaultDriver, numberOf, openDatabase, type Statement } from "./sqlite-driver.js";
import { takeLock } from "./sqlite-lock.js";
import { prepareFile } from "./sqlite-schema.js";

/** Fills the file `path`, which is made when it is not there. Throws StoreLocked while a server has it, StoreNotEmpty when something is in it. */
export function openSqliteImport(path: string): StoreImport {
  const driver = defaultDriver();
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const lock = takeLock(driver, path);
  let database: Database | undefined;
  const close = (): void => {
    database?.close();
    lock.release();
  };
  try {
    closeSync(openSync(path, "a", 0o600));
    database = openDatabase(driver, path);
    prepareFile(database, path);
    const filling = new Filling(database);
    filling.begin(path);
    return {
      keepsRevisions: true,
      put: (entries) => promised(() => filling.put(entries)),
      finish: (revision) => promised(() => filling.finish(revision)),
      close: () => promised(close),
    };
  } catch (thrown) {
    close();
    throw thrown;
  }
}

function promised<T>(work: () => T): Promise<T> {
  return Promise.resolve().then(work);
}

const noBytes = new Uint8Array(0);
// The first revision that an entry can have is 2.
const markRevision = 1;

class Filling {
  readonly #database: Database;
  readonly #append: Statement;
  readonly #setCurrent: Statement;

  constructor(database: Database) {
    this.#database = database;
    this.#append = database.prepare("INSERT INTO log (revision, key, deleted, previous, value, checksum) VALUES (?, ?, 0, 0, ?, ?)");
    this.#setCurrent = database.prepare("INSERT INTO current (key, revision, expires, checksum) VALUES (?, ?, ?, ?)");
  }

  begin(path: string): void {
    this.#transaction(() => {
      const isMarked = this.#database.prepare("SELECT 1 FROM current WHERE key = ?").get(incompleteKey) !== undefined;
      const counter = numberOf(this.#database.prepare("SELECT revision FROM counter").get(), "revision");
      if (!isMarked && counter !== 1) throw new StoreNotEmpty(path);
      this.#database.exec("DELETE FROM log; DELETE FROM current");
      this.#insert({ key: incompleteKey, value: noBytes, revision: BigInt(markRevision) });
    });
  }

  put(entries: readonly CopiedEntry[]): void {
    this.#transaction(() => {
      for (const entry of entries) this.#insert(entry);
    });
  }

  finish(revision: bigint): bigint {
    this.#transaction(() => {
      this.#database.prepare("DELETE FROM log WHERE revision = ?").run(markRevision);
      this.#database.prepare("DELETE FROM current WHERE key = ?").run(incompleteKey);
      const counter: Counter = { revision: Number(revision), oldest: Number(revision), swept: Number(revision) };
      this.#database
        .prepare("UPDATE counter SET revision = ?, oldest = ?, swept = ?, checksum = ?")
        .run(counter.revision, counter.oldest, counter.swept, counterChecksum(counter));
    });
    this.#database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").all();
    return revision;
  }

  #insert({ key, value, revision: at, expires = null }: Omit<CopiedEntry, "expires"> & { readonly expires?: number | null }): void {
    const revision = Number(at);
    this.#append.run(revision, key, value, logChecksum({ revision, key, deleted: false, previous: 0, value }));
    this.#setCurrent.run(key, revision, expires, currentChecksum(key, revision, expires));
  }

  #transaction(work: () => void): void {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      work();
      this.#database.exec("COMMIT");
    } catch (thrown) {
      this.#database.exec("ROLLBACK");
      throw thrown;
    }
  }
}
