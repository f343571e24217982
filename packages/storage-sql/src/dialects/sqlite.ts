import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { type Entry, type History, type Listing, type Page, RevisionFuture, type StoreHealth } from "@dataplane/storage";
import type { Dialect, Engine, ExpiredKey, Write, WriteResult } from "../engine.js";
import { type Database, defaultDriver, openDatabase, type SqliteDriver } from "./sqlite-driver.js";
import { type SqliteLock, takeLock } from "./sqlite-lock.js";
import { SqliteReader } from "./sqlite-reader.js";
import { migrate } from "./sqlite-schema.js";
import { SqliteWriterThread } from "./sqlite-writer-thread.js";

export interface SqliteOptions {
  /** The library; Node's own where it has one, else libsql. */
  readonly driver?: SqliteDriver;
}

/** SQLite in the file `path`, for this process alone; its folder is made when it is not there. */
export function openSqlite(path: string, { driver = defaultDriver() }: SqliteOptions = {}): Dialect {
  return async () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const lock = takeLock(driver, path);
    let database: Database | undefined;
    try {
      // SQLite gives its other files the mode of this one, and what is stored is the server's alone.
      closeSync(openSync(path, "a", 0o600));
      database = openDatabase(driver, path);
      migrate(database, path);
      database.exec("PRAGMA query_only = 1");
      const writer = new SqliteWriterThread({ driver, path });
      const engine = new SqliteEngine({ database, lock, writer });
      await engine.start();
      return engine;
    } catch (thrown) {
      database?.close();
      lock.release();
      throw thrown;
    }
  };
}

class SqliteEngine implements Engine {
  readonly #database: Database;
  readonly #lock: SqliteLock;
  readonly #reader: SqliteReader;
  readonly #writer: SqliteWriterThread;
  #sweeping: Promise<void> = Promise.resolve();
  #closing = false;

  constructor({ database, lock, writer }: { readonly database: Database; readonly lock: SqliteLock; readonly writer: SqliteWriterThread }) {
    this.#database = database;
    this.#lock = lock;
    this.#writer = writer;
    this.#reader = new SqliteReader(database);
  }

  /** Resolves when the writer answers; goes on with a compaction that a stop cut short. */
  async start(): Promise<void> {
    const { unswept } = await this.#writer.turn({ writes: [], compact: undefined });
    if (unswept) this.#sweeping = this.#sweep();
  }

  async revision(): Promise<bigint> {
    return Promise.resolve(this.#reader.revision());
  }

  async get(key: string): Promise<Entry | undefined> {
    return Promise.resolve(this.#reader.get(key));
  }

  async list(prefix: string, page: Page): Promise<Listing> {
    return Promise.resolve(this.#reader.list(prefix, page));
  }

  async history(prefix: string, after: bigint, last: bigint): Promise<History> {
    return Promise.resolve(this.#reader.history(prefix, after, last));
  }

  async write(writes: readonly Write[]): Promise<readonly WriteResult[]> {
    const { results } = await this.#writer.turn({ writes, compact: undefined });
    return results;
  }

  async compact(before: bigint): Promise<void> {
    const newest = this.#reader.revision();
    if (before > newest) throw new RevisionFuture(newest);
    const { unswept } = await this.#writer.turn({ writes: [], compact: before });
    if (unswept) this.#sweeping = this.#sweeping.then(() => this.#sweep());
    await this.#sweeping;
  }

  async expired(now: number): Promise<readonly ExpiredKey[]> {
    return Promise.resolve(this.#reader.expired(now));
  }

  async nextExpiry(): Promise<number | undefined> {
    return Promise.resolve(this.#reader.nextExpiry());
  }

  health(): StoreHealth {
    return { readable: true, writable: true };
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#sweeping;
    await this.#writer.close();
    this.#database.close();
    this.#lock.release();
  }

  /** One short transaction after another, with whatever writes come in between. */
  async #sweep(): Promise<void> {
    let unswept = true;
    while (unswept && !this.#closing) {
      try {
        ({ unswept } = await this.#writer.turn({ writes: [], compact: undefined }));
      } catch {
        // The writes hear of a failing database; what is left to delete is deleted after the next compaction or start.
        return;
      }
    }
  }
}
