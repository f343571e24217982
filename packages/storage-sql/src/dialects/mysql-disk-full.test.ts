import { afterAll, test } from "vitest";
import { openNetwork } from "../network/network-engine.js";
import { openSqlStore } from "../sql-store.js";
import { startMariadb } from "../testing/mariadb.js";
import { mountSmallDisk } from "../testing/small-disk.js";
import { writeOnFullDisk } from "../testing/writes-on-full-disk.js";
import { mysqlDialect } from "./mysql.js";

const disk = mountSmallDisk(64);
const server = disk === undefined ? undefined : await startMariadb();
afterAll(async () => {
  await server?.stop();
  disk?.remove();
});
const needs = server === undefined ? " (needs mariadb-server and the right to mount)" : "";

test.skipIf(server === undefined)(
  `while MariaDB's disk is full nothing is written and all is read, and afterwards it is written again${needs}`,
  async () => {
    if (server === undefined || disk === undefined) return;
    const { host, port, user, password } = server;
    const dialect = mysqlDialect({ host, port, user, password, database: await server.createDatabase(disk.folder) });
    const store = await openSqlStore({ dialect: openNetwork(dialect, { maxConnections: 2 }) });
    // Larger ones, which are kept beside their rows, make MariaDB 10.11 crash where it finds no room.
    await writeOnFullDisk(store, disk, new Uint8Array(4096).fill(1));
    await store.close();
  },
  60_000,
);
