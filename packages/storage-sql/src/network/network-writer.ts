import { randomInt } from "node:crypto";
import { type Entry, failpoint, OutcomeUnknown, StoreDamaged } from "@dataplane/storage";
import { currentChecksum, logChecksum } from "../checksum.js";
import type { Write, WriteResult } from "../engine.js";
import { planWrites, type WritePlan } from "../write-plan.js";
import { patience } from "./network-availability.js";
import { failureKind, type NetworkCalls, repeatedly } from "./network-calls.js";
import type { SqlConnection, SqlRow, SqlStatement, SqlValue } from "./network-dialect.js";
import { entryIn, numberIn } from "./network-rows.js";
import * as sql from "./network-sql.js";
import { inGroups, inPaddedGroups } from "./sql-batches.js";

/** The connection broke when a transaction was about to be committed. */
class CommitLost extends Error {
  override readonly name = "CommitLost";
  readonly batch: number;
  readonly plan: WritePlan;

  constructor(batch: number, plan: WritePlan, cause: unknown) {
    super("the connection broke at the commit", { cause });
    this.batch = batch;
    this.plan = plan;
  }
}

const largestBatchNumber = 2 ** 47;
const msPerByte = 1 / 1000;

/** Writes batches, each in one transaction of two round trips. */
export class NetworkWriter {
  readonly #calls: NetworkCalls;

  constructor(calls: NetworkCalls) {
    this.#calls = calls;
  }

  /**
   * See Engine.write. A connection that breaks is no failure by itself: the batch is written again, or, when it broke at the commit, first looked for
   * in the log. Rejects with OutcomeUnknown when that cannot be done within seconds.
   */
  async write(writes: readonly Write[]): Promise<readonly WriteResult[]> {
    const bytes = writes.reduce((sum, write) => sum + (write.type === "put" ? write.value.byteLength : 0), 0);
    for (;;) {
      const begun = performance.now();
      this.#calls.availability.checkWritable();
      try {
        return await repeatedly(this.#calls, (connection) => this.#transact(connection, writes), patience + bytes * msPerByte);
      } catch (error) {
        if (!(error instanceof CommitLost)) throw error;
        this.#calls.availability.lost(error.cause, begun);
        if (await this.#wasCommitted(error)) return error.plan.results;
      }
    }
  }

  async #transact(connection: SqlConnection, writes: readonly Write[]): Promise<readonly WriteResult[]> {
    failpoint("before-write");
    const keys = [...new Set(writes.map(({ key }) => key))].map((key) => Buffer.from(key));
    const [, counter, ...found] = await connection.queryAll([
      { sql: this.#calls.dialect.beginWrite },
      { sql: sql.lockCounterAt(this.#calls.dialect.now) },
      ...inPaddedGroups(keys, sql.currentOf),
    ]);
    const ahead = numberIn(counter?.[0], "moment") - this.#calls.clock.now().getTime();
    const plan = planWrites(shifted(writes, ahead), numberIn(counter?.[0], "revision"), entriesOf(found.flat()));
    if (plan.log.length === 0) {
      await connection.query(sql.rollback);
      return plan.results;
    }
    const batch = randomInt(largestBatchNumber);
    failpoint("before-commit");
    try {
      await connection.queryAll([...this.#statements(connection, plan, batch), { sql: sql.commit }]);
    } catch (error) {
      if (failureKind(this.#calls.dialect, error) === "lost") throw new CommitLost(batch, plan, error);
      await takeBack(connection);
      throw error;
    }
    failpoint("after-commit");
    return plan.results;
  }

  #statements(connection: SqlConnection, { log, current, revision }: WritePlan, batch: number): readonly SqlStatement[] {
    const { dialect } = this.#calls;
    const appended = log.map((row): SqlValue[] => {
      const { revision: own, key, deleted, previous, value } = row;
      return [own, Buffer.from(key), deleted ? 1 : 0, previous, batch, logChecksum(row), value];
    });
    const put: SqlValue[][] = [];
    const dropped: SqlValue[] = [];
    // In one order whoever writes: else two that wait for each other's rows would be in the way of the database.
    for (const [key, row] of [...current].sort(([left], [right]) => (left < right ? -1 : 1))) {
      if (row === undefined) dropped.push(Buffer.from(key));
      else put.push([Buffer.from(key), row.revision, row.expires, currentChecksum(key, row.revision, row.expires)]);
    }
    return [
      ...inGroups(appended, sql.appendLog, connection.maxStatementBytes),
      ...inGroups(put, (rows) => dialect.upsertCurrent(rows)),
      ...inPaddedGroups(dropped, sql.dropCurrent),
      { sql: sql.setRevision, values: [revision] },
      ...(dialect.notifications === undefined ? [] : [{ sql: dialect.notifications.send, values: [String(revision)] }]),
    ];
  }

  /** Asks once the lock is free: then the transaction has ended, one way or the other. */
  async #wasCommitted({ batch, plan, cause }: CommitLost): Promise<boolean> {
    const first = plan.log[0]?.revision ?? 0;
    try {
      return await repeatedly(this.#calls, async (connection) => {
        const [, counter, rows] = await connection.queryAll([
          { sql: this.#calls.dialect.beginWrite },
          { sql: sql.lockCounter },
          { sql: sql.batchAt, values: [first] },
          { sql: sql.rollback },
        ]);
        if (numberIn(counter?.[0], "revision") < first) return false;
        const row = rows?.[0];
        if (row === undefined) throw new StoreDamaged(`revision ${String(first)} is not in the log any more`);
        return numberIn(row, "batch") === batch;
      });
    } catch {
      throw new OutcomeUnknown("the connection to the database broke while the write was under way", { cause });
    }
  }
}

/** With times by the database's clock, which is so far ahead of ours. */
function shifted(writes: readonly Write[], ahead: number): readonly Write[] {
  return writes.map((write) => (write.type === "put" && write.expires !== undefined ? { ...write, expires: write.expires + ahead } : write));
}

function entriesOf(rows: readonly SqlRow[]): ReadonlyMap<string, Entry> {
  return new Map(rows.map(entryIn).map((entry) => [entry.key, entry]));
}

/** A connection whose transaction cannot be ended is not used again. */
export async function takeBack(connection: SqlConnection): Promise<void> {
  await connection.query(sql.rollback).catch(() => connection.close());
}
