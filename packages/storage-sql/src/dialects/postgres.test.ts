import { type Clock, systemClock } from "@dataplane/meta";
import { describeSharedStore, describeStore } from "@dataplane/storage/conformance";
import { afterAll, describe, expect, test } from "vitest";
import { openNetwork } from "../network/network-engine.js";
import { openSqlStore } from "../sql-store.js";
import { startPostgres } from "../testing/postgres.js";
import { postgresDialect } from "./postgres.js";

const server = await startPostgres();
afterAll(() => server?.stop());

test.skipIf(server === undefined)("PostgreSQL is there (postgresql)", () => expect(server).toBeDefined());

describe.skipIf(server === undefined)("PostgreSQL", () => {
  if (server === undefined) return;

  const open = (database: string) => {
    const { host, port, user, password } = server;
    return openSqlStore({ dialect: openNetwork(postgresDialect({ host, port, user, password, database }), { maxConnections: 4 }) });
  };

  describeStore("postgres", async () => open(await server.createDatabase()));

  describeSharedStore("postgres", async () => {
    const database = await server.createDatabase();
    return Promise.all([open(database), open(database)]);
  });

  test("five servers that start at once on an empty database make its tables once", async () => {
    const database = await server.createDatabase();
    const stores = await Promise.all(Array.from({ length: 5 }, () => open(database)));
    const revisions = await Promise.all(stores.map((store, index) => store.put(`/${String(index)}`, Buffer.from("x"), { expected: 0n })));
    expect(revisions.map(({ revision }) => revision).sort((a, b) => Number(a - b))).toEqual([2n, 3n, 4n, 5n, 6n]);
    await Promise.all(stores.map((store) => store.close()));
  });

  test("a database that a newer release wrote is refused and left as it is", async () => {
    const database = await server.createDatabase();
    await (await open(database)).close();
    await server.sql("UPDATE dataplane_schema SET version = 99", database);
    await expect(open(database)).rejects.toMatchObject({ name: "SchemaTooNew" });
    expect(await server.sql("SELECT version FROM dataplane_schema", database)).toEqual([{ version: 99 }]);
  });

  test("a server whose clock is wrong deletes nothing early, and what it wrote lives as long as it said", async () => {
    const { host, port, user, password } = server;
    const dialect = postgresDialect({ host, port, user, password, database: await server.createDatabase() });
    const ahead: Clock = { ...systemClock, now: () => new Date(Date.now() + 7_200_000) };
    const [right, wrong] = await Promise.all([systemClock, ahead].map((clock) => openNetwork(dialect, { maxConnections: 2, clock })()));
    if (right === undefined || wrong === undefined) throw new Error("two were opened");
    const put = (key: string, expires: number) => ({ type: "put", key, value: Buffer.from("x"), expected: 0n, expires }) as const;
    await right.write([put("/hour", Date.now() + 3_600_000), put("/over", Date.now() - 1)]);
    await wrong.write([put("/half", ahead.now().getTime() + 1_800_000)]);
    for (const engine of [right, wrong]) expect((await engine.expired(0)).map(({ key }) => key)).toEqual(["/over"]);
    await right.write([{ type: "delete", key: "/over", expected: 3n }]);
    expect(Math.abs(((await right.nextExpiry()) ?? 0) - Date.now() - 1_800_000)).toBeLessThan(5_000);
    expect(Math.abs(((await wrong.nextExpiry()) ?? 0) - ahead.now().getTime() - 1_800_000)).toBeLessThan(5_000);
    await Promise.all([right.close(), wrong.close()]);
  });

  test("a value that is not what was written is told by get, and marked in lists and watches", async () => {
    const database = await server.createDatabase();
    const store = await open(database);
    await store.put("/a", Buffer.from("good"), { expected: 0n });
    await store.put("/b", Buffer.from("good"), { expected: 0n });
    await server.sql("UPDATE dataplane_log SET value = 'evil' WHERE revision = 2", database);
    await expect(store.get("/a")).rejects.toMatchObject({ name: "StoreDamaged", key: "/a" });
    const { entries } = await store.list("/");
    expect(entries.map(({ damage }) => damage?.name)).toEqual(["StoreDamaged", undefined]);
    await store.close();
  });
});
