import type { NetworkDialect, SqlConnection, SqlNotifications } from "../network/network-dialect.js";
import { connectPostgres, PostgresConnection, type PostgresOptions } from "./postgres-connection.js";
import { postgresFailure } from "./postgres-failure.js";
import { postgresSchema } from "./postgres-schema.js";

// Any number, as long as every release has the same: "dataplane" on a telephone's keys.
const schemaLock = 328_275_263;
const channel = "dataplane";

const notifications: SqlNotifications = {
  send: `SELECT pg_notify('${channel}', ?)`,
  listen: async (connection, onNotification, onBroken) => {
    if (!(connection instanceof PostgresConnection)) throw new TypeError("not a connection of this dialect");
    connection.onNotification((payload) => {
      // Anybody may notify; what is no number is not ours.
      if (/^\d{1,15}$/.test(payload)) onNotification(Number(payload));
    });
    void connection.ended.then(onBroken);
    await connection.query(`LISTEN ${channel}`);
  },
};

/** PostgreSQL from version 12 on. */
export function postgresDialect(options: PostgresOptions): NetworkDialect {
  return {
    name: "postgres",
    address: `${options.host}:${String(options.port)}/${options.database}`,
    connect: () => connectPostgres(options),
    kindOf: postgresFailure,
    now: "CAST(EXTRACT(EPOCH FROM statement_timestamp()) * 1000 AS BIGINT)",
    beginWrite: "BEGIN ISOLATION LEVEL READ COMMITTED",
    schema: postgresSchema,
    whileSchemaIsMine,
    upsertCurrent: (rows) =>
      `INSERT INTO dataplane_current (name, revision, expires, checksum) VALUES ${Array(rows).fill("(?, ?, ?, ?)").join(", ")}
       ON CONFLICT (name) DO UPDATE SET revision = EXCLUDED.revision, expires = EXCLUDED.expires, checksum = EXCLUDED.checksum`,
    notifications,
  };
}

async function whileSchemaIsMine(connection: SqlConnection, make: () => Promise<void>): Promise<void> {
  await connection.query("BEGIN");
  try {
    await connection.query(`SELECT pg_advisory_xact_lock(${String(schemaLock)})`);
    await make();
    await connection.query("COMMIT");
  } catch (thrown) {
    await connection.query("ROLLBACK").catch(() => connection.close());
    throw thrown;
  }
}
