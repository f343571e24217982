import { randomBytes } from "node:crypto";
import { afterAll, test } from "vitest";
import { openNetwork } from "../network/network-engine.js";
import { openSqlStore } from "../sql-store.js";
import { startPostgres } from "../testing/postgres.js";
import { mountSmallDisk } from "../testing/small-disk.js";
import { writeOnFullDisk } from "../testing/writes-on-full-disk.js";
import { postgresDialect } from "./postgres.js";

const disk = mountSmallDisk(48);
const server = disk === undefined ? undefined : await startPostgres();
afterAll(async () => {
  await server?.stop();
  disk?.remove();
});
const needs = server === undefined ? " (needs postgresql and the right to mount)" : "";

test.skipIf(server === undefined)(
  `while PostgreSQL's disk is full nothing is written and all is read, and afterwards it is written again${needs}`,
  async () => {
    if (server === undefined || disk === undefined) return;
    const { host, port, user, password } = server;
    const dialect = postgresDialect({ host, port, user, password, database: await server.createDatabase(disk.folder) });
    const store = await openSqlStore({ dialect: openNetwork(dialect, { maxConnections: 2 }) });
    await writeOnFullDisk(store, disk, new Uint8Array(randomBytes(20_000)));
    await store.close();
  },
  60_000,
);
