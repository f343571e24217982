import { parentPort, workerData } from "node:worker_threads";
import { type Database, openDatabase, type SqliteDriver } from "./sqlite-driver.js";
import { type SqliteFailure, writeFailure } from "./sqlite-failure.js";
import { SqliteWriter, TurnFailed, type WriterAnswer, type WriterTurn } from "./sqlite-writer.js";

/** What the thread is started with. */
export interface WorkerStart {
  readonly driver: SqliteDriver;
  readonly path: string;
  readonly maxPages?: number;
}

export type WorkerMessage = { readonly type: "answer"; readonly answer: WriterAnswer } | { readonly type: "failed"; readonly failure: SqliteFailure };

// The thread of the writer: only sqlite-writer-thread.ts starts it, and only there is a port.
if (parentPort !== null) {
  const port = parentPort;
  const { driver, path, maxPages } = workerData as WorkerStart;
  const database = openDatabase(driver, path);
  database.exec("PRAGMA busy_timeout = 10000");
  database.exec("PRAGMA synchronous = FULL");
  // After a burst the write-ahead log gives its space back.
  database.exec("PRAGMA journal_size_limit = 67108864");
  if (maxPages !== undefined) database.exec(`PRAGMA max_page_count = ${String(maxPages)}`);
  const writer = new SqliteWriter(database);
  port.on("message", (turn: WriterTurn | "close") => {
    if (turn === "close") {
      foldLog(database);
      database.close();
      port.close();
      return;
    }
    port.postMessage(answer(writer, turn));
  });
}

/** A store that was closed is one file, which can be copied. When that fails, the next start reads the log. */
function foldLog(database: Database): void {
  try {
    database.prepare("PRAGMA wal_checkpoint(TRUNCATE)").all();
  } catch {
    // Nothing is lost.
  }
}

function answer(writer: SqliteWriter, turn: WriterTurn): WorkerMessage {
  try {
    return { type: "answer", answer: writer.turn(turn) };
  } catch (thrown) {
    return { type: "failed", failure: thrown instanceof TurnFailed ? thrown.failure : writeFailure(thrown, false) };
  }
}
