import { readFileSync } from "node:fs";
import type { Store } from "@dataplane/storage";
import { describeStore } from "@dataplane/storage/conformance";
import { afterAll, expect, test } from "vitest";
import { openNetwork } from "../network-engine.js";
import { openSqlStore } from "../sql-store.js";
import { startDolt } from "../testing/dolt.js";
import { startMariadb } from "../testing/mariadb.js";
import { mysqlDialect } from "./mysql.js";
import type { MysqlOptions } from "./mysql-connection.js";

const open = (options: MysqlOptions): Promise<Store> => openSqlStore({ dialect: openNetwork(mysqlDialect(options), { maxConnections: 4 }) });

const mariadb = await startMariadb({ tls: true });
afterAll(() => mariadb?.stop());
test.skipIf(mariadb === undefined)("MariaDB is there to keep the store (mariadb-server)", () => expect(mariadb).toBeDefined());
if (mariadb !== undefined) {
  const { host, port, user, password, caFile } = mariadb;
  const tls = { mode: "verify-full", ca: readFileSync(caFile ?? "", "utf8") } as const;
  describeStore("MariaDB by TLS", async () => open({ host, port, user, password, tls, database: await mariadb.createDatabase() }));
}

const dolt = await startDolt();
afterAll(() => dolt?.stop());
test.skipIf(dolt === undefined)("Dolt is there to keep the store (conformance/build-tools.sh)", () => expect(dolt).toBeDefined());
if (dolt !== undefined) {
  const { host, port, user } = dolt;
  describeStore("Dolt", async () => open({ host, port, user, database: await dolt.createDatabase() }));
}
