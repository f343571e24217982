import { type CopiedEntry, incompleteKey, type StoreImport, StoreNotEmpty } from "@dataplane/storage";
import { currentChecksum, logChecksum } from "../checksum.js";
import type { NetworkDialect, SqlConnection, SqlStatement, SqlValue } from "./network-dialect.js";
import { numberIn } from "./network-rows.js";
import { prepareSchema } from "./network-schema.js";
import * as sql from "./network-sql.js";
import { inGroups } from "./sql-batches.js";

const noBytes = new Uint8Array(0);
// The first revision that an entry can have is 2.
const markRevision = 1;
const mark: CopiedEntry = { key: incompleteKey, value: noBytes, revision: BigInt(markRevision) };

/** Fills a database; its tables are made when they are not there. Rejects with StoreNotEmpty when something is in them. */
export async function openNetworkImport(dialect: NetworkDialect): Promise<StoreImport> {
  const connection = await dialect.connect();
  try {
    await prepareSchema(dialect, connection);
    await begin(dialect, connection);
  } catch (thrown) {
    await connection.close();
    throw thrown;
  }
  return {
    keepsRevisions: true,
    put: (entries) => inTransaction(dialect, connection, insertions(dialect, connection, entries)),
    finish: async (revision) => {
      const at = Number(revision);
      await inTransaction(dialect, connection, [
        { sql: sql.forget(1), values: [markRevision] },
        { sql: sql.dropCurrent(1), values: [Buffer.from(incompleteKey)] },
        { sql: "UPDATE dataplane_counter SET revision = ?, oldest = ?, swept = ? WHERE id = 1", values: [at, at, at] },
      ]);
      return revision;
    },
    close: () => connection.close(),
  };
}

async function begin(dialect: NetworkDialect, connection: SqlConnection): Promise<void> {
  const [marked] = await connection.query(sql.currentOf(1), [Buffer.from(incompleteKey)]);
  const [counter] = await connection.query(sql.counter);
  if (marked === undefined && numberIn(counter, "revision") !== 1) throw new StoreNotEmpty(`the database at ${dialect.address}`);
  await inTransaction(dialect, connection, [
    { sql: sql.lockCounter },
    { sql: "DELETE FROM dataplane_log" },
    { sql: "DELETE FROM dataplane_current" },
    ...insertions(dialect, connection, [mark]),
  ]);
}

function insertions(dialect: NetworkDialect, connection: SqlConnection, entries: readonly CopiedEntry[]): readonly SqlStatement[] {
  const log: SqlValue[][] = [];
  const current: SqlValue[][] = [];
  for (const { key, value, revision, expires = null } of entries) {
    const at = Number(revision);
    const name = Buffer.from(key);
    log.push([at, name, 0, 0, 0, logChecksum({ revision: at, key, deleted: false, previous: 0, value }), value]);
    current.push([name, at, expires, currentChecksum(key, at, expires)]);
  }
  return [...inGroups(log, sql.appendLog, connection.maxStatementBytes), ...inGroups(current, (rows) => dialect.upsertCurrent(rows))];
}

/** A connection that breaks within leaves a target that is marked as incomplete, which is filled anew. */
async function inTransaction(dialect: NetworkDialect, connection: SqlConnection, statements: readonly SqlStatement[]): Promise<void> {
  await connection.query(dialect.beginWrite);
  try {
    for (const statement of statements) await connection.query(statement.sql, statement.values);
    await connection.query(sql.commit);
  } catch (thrown) {
    await connection.query(sql.rollback).catch(() => connection.close());
    throw thrown;
  }
}
