import { StoreReadOnly } from "@dataplane/storage";
import { afterAll, expect, test } from "vitest";
import { openNetwork } from "../network/network-engine.js";
import { openSqlStore } from "../sql-store.js";
import { startMariadb } from "../testing/mariadb.js";
import { mountSmallDisk } from "../testing/small-disk.js";
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
    const value = new Uint8Array(4096).fill(1);
    const written = new Map<string, bigint>();
    const write = async (key: string): Promise<void> => {
      written.set(key, (await store.put(key, value, { expected: 0n })).revision);
    };
    for (let round = 0; round < 3; round += 1) {
      await write(`/before/${String(round)}`);
      disk.fill();
      const refused = await (async () => {
        // What it has in reserve goes first.
        for (let index = 0; index < 20_000; index += 1) await write(`/full/${String(round)}/${String(index)}`);
      })().catch((thrown: unknown) => thrown);
      expect(refused).toBeInstanceOf(StoreReadOnly);
      expect(store.health()).toMatchObject({ readable: true, writable: false });
      for (const [key, revision] of written) expect((await store.get(key))?.revision).toBe(revision);
      expect((await store.list("/")).entries).toHaveLength(written.size);
      disk.free();
      await expect.poll(() => store.health().writable, { timeout: 15_000, interval: 50 }).toBe(true);
    }
    await write("/after");
    await store.close();
  },
  60_000,
);
