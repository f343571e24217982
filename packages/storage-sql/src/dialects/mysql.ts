import type { NetworkDialect, SqlConnection } from "../network/network-dialect.js";
import { connectMysql, type MysqlOptions } from "./mysql-connection.js";
import { mysqlFailure } from "./mysql-failure.js";
import { mysqlSchema } from "./mysql-schema.js";

/** MySQL 8 and MariaDB, by the SQL that both have. */
export function mysqlDialect(options: MysqlOptions): NetworkDialect {
  return {
    name: "mysql",
    address: `${options.host}:${String(options.port)}/${options.database}`,
    connect: () => connectMysql(options),
    kindOf: mysqlFailure,
    now: "TIMESTAMPDIFF(MICROSECOND, '1970-01-01 00:00:00', UTC_TIMESTAMP(3)) DIV 1000",
    beginWrite: "START TRANSACTION",
    schema: mysqlSchema,
    whileSchemaIsMine,
    // Updates in place where the key is there; the form of INSERT that both have is deprecated in one of them.
    upsertCurrent: (rows) =>
      `REPLACE INTO dataplane_current (name, revision, expires, checksum) VALUES ${Array(rows).fill("(?, ?, ?, ?)").join(", ")}`,
  };
}

// Names of locks are of the whole server, and have 64 characters at most.
const lockName = "CONCAT('dataplane schema ', MD5(DATABASE()))";
const lockTries = 12;
const lockSeconds = 5;

/** DDL is committed by itself here, and so it is run under a lock by name, which ends with the connection that holds it. */
async function whileSchemaIsMine(connection: SqlConnection, make: () => Promise<void>): Promise<void> {
  await takeLock(connection);
  try {
    await make();
  } finally {
    if (connection.isUsable) await connection.query(`SELECT RELEASE_LOCK(${lockName})`);
  }
}

async function takeLock(connection: SqlConnection): Promise<void> {
  for (let left = lockTries; left > 0; left -= 1) {
    const [row] = await connection.query(`SELECT GET_LOCK(${lockName}, ${String(lockSeconds)}) AS taken`);
    if (row?.["taken"] === 1) return;
  }
  throw new Error("another server has been making the tables for more than a minute");
}
