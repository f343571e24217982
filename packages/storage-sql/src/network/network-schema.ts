import { SchemaTooNew } from "../errors.js";
import type { NetworkDialect, SqlConnection } from "./network-dialect.js";
import { numberIn } from "./network-rows.js";
import { counter } from "./network-sql.js";

const readVersion = "SELECT version FROM dataplane_schema";

/** Makes the tables, or brings those of an older release to this one's version. Throws SchemaTooNew when a newer release made them. */
export async function prepareSchema(dialect: NetworkDialect, connection: SqlConnection): Promise<void> {
  const known = dialect.schema.length;
  // First without a lock: a database that can only be read has the tables already.
  if ((await versionOf(dialect, connection)) === known) return;
  await dialect.whileSchemaIsMine(connection, async () => {
    await connection.query("CREATE TABLE IF NOT EXISTS dataplane_schema (version INT NOT NULL PRIMARY KEY)");
    const [row] = await connection.query(readVersion);
    const found = row === undefined ? 0 : numberIn(row, "version");
    if (found > known) throw new SchemaTooNew(dialect.address, found, known);
    for (const statement of dialect.schema.slice(found).flat()) await connection.query(statement);
    // A start that was cut short may have left it there, where tables are made outside of transactions.
    if ((await connection.query(counter)).length === 0)
      await connection.query("INSERT INTO dataplane_counter (id, revision, oldest, swept) VALUES (1, 1, 1, 1)");
    await connection.query(row === undefined ? "INSERT INTO dataplane_schema (version) VALUES (?)" : "UPDATE dataplane_schema SET version = ?", [
      known,
    ]);
  });
}

async function versionOf(dialect: NetworkDialect, connection: SqlConnection): Promise<number | undefined> {
  try {
    const [row] = await connection.query(readVersion);
    return row === undefined ? undefined : numberIn(row, "version");
  } catch (error) {
    // There is no such table yet.
    if (dialect.kindOf(error) === "other") return undefined;
    throw error;
  }
}
