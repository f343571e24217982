import { readFileSync } from "node:fs";
import type { Store } from "@dataplane/storage";
import { describeSharedStore, describeStore } from "@dataplane/storage/conformance";
import { afterAll, describe, expect, test } from "vitest";
import { openNetwork } from "../network/network-engine.js";
import { openSqlStore } from "../sql-store.js";
import { startMariadb } from "../testing/mariadb.js";
import { mysqlDialect } from "./mysql.js";

const server = await startMariadb({ tls: true });
afterAll(() => server?.stop());

test.skipIf(server === undefined)("MariaDB is there to keep the store (mariadb-server)", () => expect(server).toBeDefined());

if (server !== undefined) {
  const { host, port, user, password, caFile } = server;
  const tls = { mode: "verify-full", ca: readFileSync(caFile ?? "", "utf8") } as const;
  const open = (database: string): Promise<Store> =>
    openSqlStore({ dialect: openNetwork(mysqlDialect({ host, port, user, password, database, tls }), { maxConnections: 4 }) });

  describeStore("MariaDB by TLS", async () => open(await server.createDatabase()));

  describeSharedStore("MariaDB by TLS", async () => {
    const database = await server.createDatabase();
    return Promise.all([open(database), open(database)]);
  });

  describe("MariaDB", () => {
    test("five servers that start at once on an empty database make its tables once", async () => {
      const database = await server.createDatabase();
      const stores = await Promise.all(Array.from({ length: 5 }, () => open(database)));
      const entries = await Promise.all(stores.map((store, index) => store.put(`/${String(index)}`, Buffer.from("x"), { expected: 0n })));
      expect(new Set(entries.map(({ revision }) => revision))).toEqual(new Set([2n, 3n, 4n, 5n, 6n]));
      await Promise.all(stores.map((store) => store.close()));
    });

    test("tables that a start left half-made are made whole by the next", async () => {
      const database = await server.createDatabase();
      await (await open(database)).close();
      // As if it had ended before it said which version they are of.
      await server.sql(`DELETE FROM ${database}.dataplane_schema; DROP TABLE ${database}.dataplane_current`);
      const store = await open(database);
      expect((await store.put("/a", Buffer.from("x"), { expected: 0n })).revision).toBe(2n);
      await store.close();
    });

    test("a database that a newer release wrote is refused and left as it is", async () => {
      const database = await server.createDatabase();
      await (await open(database)).close();
      await server.sql(`UPDATE ${database}.dataplane_schema SET version = 99`);
      await expect(open(database)).rejects.toMatchObject({ name: "SchemaTooNew" });
      expect(await server.sql(`SELECT version FROM ${database}.dataplane_schema`)).toContain("99");
    });

    test("a value that is not what was written is told by get, and marked in lists", async () => {
      const database = await server.createDatabase();
      const store = await open(database);
      await store.put("/a", Buffer.from("good"), { expected: 0n });
      await store.put("/b", Buffer.from("good"), { expected: 0n });
      await server.sql(`UPDATE ${database}.dataplane_log SET value = 'evil' WHERE revision = 2`);
      await expect(store.get("/a")).rejects.toMatchObject({ name: "StoreDamaged", key: "/a" });
      const { entries } = await store.list("/");
      expect(entries.map(({ damage }) => damage?.name)).toEqual(["StoreDamaged", undefined]);
      await store.close();
    });
  });
}
