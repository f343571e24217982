import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import {
  type Entry,
  type History,
  type Listing,
  OutcomeUnknown,
  type Page,
  RevisionFuture,
  StoreDamaged,
  type StoreHealth,
  StoreUnavailable,
} from "@dataplane/storage";
import type { Engine, ExpiredKey, Write, WriteResult } from "../engine.js";
import type { Database } from "./sqlite-driver.js";
import { type SqliteFailure, storeReadOnly } from "./sqlite-failure.js";
import { SqliteHealth } from "./sqlite-health.js";
import type { SqliteLock } from "./sqlite-lock.js";
import { SqliteReader } from "./sqlite-reader.js";
import type { WorkerStart } from "./sqlite-worker.js";
import { TurnFailed, type WriterAnswer, type WriterTurn } from "./sqlite-writer.js";
import { SqliteWriterThread } from "./sqlite-writer-thread.js";

export interface SqliteEngineOptions {
  /** Reads only. */
  readonly database: Database;
  readonly lock: SqliteLock;
  readonly thread: WorkerStart;
  readonly probeInterval: number;
}

// What a probe writes at least, and what must be free beside it: a disk with less is full for our purposes.
const probeBytes = 64 * 1024;
const spareBytes = 1024 * 1024;
const largestProbe = 16 * 1024 * 1024;

/** Reads on one connection, in this thread; writes on another, in its own. */
export class SqliteEngine implements Engine {
  readonly #options: SqliteEngineOptions;
  readonly #reader: SqliteReader;
  readonly #health: SqliteHealth;
  #writer: SqliteWriterThread;
  #sweeping: Promise<void> = Promise.resolve();
  #closing = false;
  /** Size of what could not be written. */
  #refusedBytes = 0;

  constructor(options: SqliteEngineOptions) {
    this.#options = options;
    this.#reader = new SqliteReader(options.database);
    this.#health = new SqliteHealth({ probe: () => this.#probe(), interval: options.probeInterval });
    this.#writer = new SqliteWriterThread(options.thread);
  }

  /** Resolves when the writer answers; goes on with a compaction that a stop cut short. A disk that cannot be written can still be read. */
  async start(): Promise<void> {
    try {
      const { unswept } = await this.#turn({ writes: [], compact: undefined });
      if (unswept) this.#sweeping = this.#sweep();
    } catch (thrown) {
      if (this.#health.now.writable || thrown instanceof StoreDamaged) throw thrown;
    }
  }

  async revision(): Promise<bigint> {
    return this.#read(() => this.#reader.revision());
  }

  async get(key: string): Promise<Entry | undefined> {
    return this.#read(() => this.#reader.get(key));
  }

  async list(prefix: string, page: Page): Promise<Listing> {
    return this.#read(() => this.#reader.list(prefix, page));
  }

  async history(prefix: string, after: bigint, last: bigint): Promise<History> {
    return this.#read(() => this.#reader.history(prefix, after, last));
  }

  async write(writes: readonly Write[]): Promise<readonly WriteResult[]> {
    this.#health.requireWritable();
    const { results } = await this.#turn({ writes, compact: undefined });
    return results;
  }

  async compact(before: bigint): Promise<void> {
    const newest = await this.revision();
    if (before > newest) throw new RevisionFuture(newest);
    this.#health.requireWritable();
    const { unswept } = await this.#turn({ writes: [], compact: before });
    if (unswept) this.#sweeping = this.#sweeping.then(() => this.#sweep());
    await this.#sweeping;
  }

  async expired(now: number): Promise<readonly ExpiredKey[]> {
    return this.#read(() => this.#reader.expired(now));
  }

  async nextExpiry(): Promise<number | undefined> {
    return this.#read(() => this.#reader.nextExpiry());
  }

  health(): StoreHealth {
    return this.#health.now;
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#health.stop();
    await this.#sweeping;
    await this.#writer.close();
    this.#options.database.close();
    this.#options.lock.release();
  }

  // Promises, though SQLite answers at once: an engine's failures are rejections.
  #read<T>(read: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      try {
        resolve(read());
      } catch (thrown) {
        if (thrown instanceof StoreUnavailable) this.#health.cannotRead(thrown.message);
        if (thrown instanceof StoreDamaged && thrown.key === undefined) this.#health.isDamaged(thrown.message);
        reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
      }
    });
  }

  async #turn(turn: WriterTurn): Promise<WriterAnswer> {
    try {
      return await this.#writer.turn(turn);
    } catch (thrown) {
      if (!(thrown instanceof TurnFailed)) throw this.#lostThread(thrown, turn);
      this.#refusedBytes = Math.max(this.#refusedBytes, bytesOf(turn));
      throw this.#failed(thrown.failure);
    }
  }

  #failed({ kind, message, key }: SqliteFailure): Error {
    switch (kind) {
      case "read-only":
        this.#health.cannotWrite(message);
        return storeReadOnly(message);
      case "unknown":
        this.#health.cannotWrite(message);
        return new OutcomeUnknown(`the disk failed while a write was made durable: ${message}`);
      case "damaged":
        if (key === undefined) this.#health.isDamaged(message);
        return new StoreDamaged(key === undefined ? `the database file is damaged: ${message}` : message, key);
      case "other":
        return new Error(`the database failed: ${message}`);
    }
  }

  /** The thread that writes has ended: the next look starts another one. */
  #lostThread(thrown: unknown, turn: WriterTurn): Error {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    this.#health.cannotWrite(message);
    return turn.writes.length === 0 ? storeReadOnly(message) : new OutcomeUnknown(message, { cause: thrown });
  }

  /** Rejects with why the file still cannot be read or written. */
  async #probe(): Promise<void> {
    const bytes = Math.min(Math.max(probeBytes, this.#refusedBytes), largestProbe);
    const { bavail, bsize } = statfsSync(dirname(this.#options.thread.path));
    if (bavail * bsize < bytes + spareBytes) throw new Error("the disk is full");
    if (this.#writer.hasEnded) this.#writer = new SqliteWriterThread(this.#options.thread);
    await this.#writer.turn({ writes: [], compact: undefined, probe: bytes });
    this.#reader.revision();
    this.#refusedBytes = 0;
  }

  /** One short transaction after another, with whatever writes come in between. */
  async #sweep(): Promise<void> {
    let unswept = true;
    while (unswept && !this.#closing && this.#health.now.writable) {
      try {
        ({ unswept } = await this.#turn({ writes: [], compact: undefined }));
      } catch {
        // The writes hear of a failing database; what is left to delete is deleted after the next compaction or start.
        return;
      }
    }
  }
}

const bytesOf = ({ writes }: WriterTurn): number => writes.reduce((sum, write) => sum + (write.type === "put" ? write.value.byteLength : 0), 0);
