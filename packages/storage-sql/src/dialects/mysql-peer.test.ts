import type { Store } from "@dataplane/storage";
import { describeSharedStore, describeStore } from "@dataplane/storage/conformance";
import { afterAll, expect, test } from "vitest";
import { openNetwork } from "../network/network-engine.js";
import { openSqlStore } from "../sql-store.js";
import { startDolt } from "../testing/dolt.js";
import { mysqlDialect } from "./mysql.js";

// A database of another make with MySQL 8's protocol and SQL. It locks no rows: of two transactions that wrote the same one is refused.
const server = await startDolt();
afterAll(() => server?.stop());

test.skipIf(server === undefined)("Dolt is there to keep the store (conformance/build-tools.sh)", () => expect(server).toBeDefined());

if (server !== undefined) {
  const { host, port, user } = server;
  const open = (database: string): Promise<Store> =>
    openSqlStore({ dialect: openNetwork(mysqlDialect({ host, port, user, database }), { maxConnections: 4 }) });

  describeStore("Dolt", async () => open(await server.createDatabase()));

  describeSharedStore("Dolt", async () => {
    const database = await server.createDatabase();
    return Promise.all([open(database), open(database)]);
  });
}
