import { describeStore } from "@dataplane/storage/conformance";
import { afterAll, describe } from "vitest";
import { openNetwork } from "../network-engine.js";
import { openSqlStore } from "../sql-store.js";
import { startPostgres } from "../testing/postgres.js";
import { postgresDialect } from "./postgres.js";

const server = await startPostgres();
afterAll(() => server?.stop());

describe.skipIf(server === undefined)("PostgreSQL", () => {
  if (server === undefined) return;
  describeStore("postgres", async () => {
    const { host, port, user, password } = server;
    const dialect = postgresDialect({ host, port, user, password, database: await server.createDatabase() });
    return openSqlStore({ dialect: openNetwork(dialect, { maxConnections: 8 }) });
  });
});
