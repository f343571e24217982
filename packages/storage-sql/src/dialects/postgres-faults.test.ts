import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { openNetwork } from "../network/network-engine.js";
import { openSqlStore } from "../sql-store.js";
import { DeafProxy } from "../testing/deaf-proxy.js";
import { startPostgres, type TestPostgres } from "../testing/postgres.js";
import { writeUnderFaults } from "../testing/writes-under-faults.js";
import { postgresDialect } from "./postgres.js";
import type { PostgresTls } from "./postgres-connection.js";

const server = await startPostgres();
afterAll(() => server?.stop());

const endConnections = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'dataplane'";

const faults: Readonly<Record<string, (database: TestPostgres) => Promise<void>>> = {
  "is killed and started again": async (database) => {
    for (let round = 0; round < 3; round += 1) {
      await database.kill();
      await sleep(200);
      await database.restart();
      await sleep(300);
    }
  },
  "is stopped for a while": async (database) => {
    await database.pause();
    // Longer than any call waits.
    await sleep(7000);
    await database.resume();
  },
  "ends and is started again": (database) => database.restart(),
  "ends every connection again and again": async (database) => {
    for (let round = 0; round < 10; round += 1) {
      await database.sql(endConnections);
      await sleep(50);
    }
  },
  "takes no writes for a while": async (database) => {
    await setReadOnly(database, "on");
    await sleep(500);
    await setReadOnly(database, "off");
  },
};

/** As a standby says it; what is connected already is not asked, and so is disconnected. */
async function setReadOnly(database: TestPostgres, value: "on" | "off"): Promise<void> {
  await database.sql(`ALTER USER dataplane SET default_transaction_read_only = ${value}`);
  await database.sql(endConnections);
}

const titleOf = (name: string): string => (server === undefined ? `${name} (needs postgresql)` : name);

function open(database: TestPostgres, name: string, tls?: PostgresTls) {
  const { host, port, user, password } = database;
  const dialect = postgresDialect({ host, port, user, password, database: name, ...(tls === undefined ? {} : { tls }) });
  return openSqlStore({ dialect: openNetwork(dialect, { maxConnections: 4 }) });
}

describe.skipIf(server === undefined)(titleOf("PostgreSQL under faults"), () => {
  for (const [name, fault] of Object.entries(faults)) {
    test(`while it ${name}, no acknowledged write is lost, none happens twice, and a watch sees each once and in order`, async ({ skip }) => {
      if (server === undefined) return skip();
      const store = await open(server, await server.createDatabase());
      try {
        const report = await writeUnderFaults({ store, root: "/faults", writers: 16, faults: () => fault(server) });
        expect(report.violations).toEqual([]);
        expect(report.acknowledged).toBeGreaterThan(200);
        // PostgreSQL itself takes its time to recover where the disk is busy.
        // Soon after the database is well again all is well.
        expect(report.longestPauseMs).toBeLessThan(report.harmedMs + 20_000);
      } finally {
        await store.close();
      }
    }, 90_000);
  }

  test("two servers that write while it is killed give no revision twice, and each watches the other", async ({ skip }) => {
    if (server === undefined) return skip();
    const name = await server.createDatabase();
    const stores = await Promise.all([open(server, name), open(server, name)]);
    try {
      let killed: Promise<void> | undefined;
      const killOnce = (): Promise<void> => (killed ??= server.kill().then(() => server.restart()));
      const reports = await Promise.all(
        stores.map((store, index) => writeUnderFaults({ store, root: `/${String(index)}`, writers: 8, faults: killOnce })),
      );
      for (const report of reports) expect(report.violations).toEqual([]);
      const [one, other] = await Promise.all(stores.map((store) => store.list("/")));
      expect(one?.entries.map(({ revision }) => revision)).toEqual(other?.entries.map(({ revision }) => revision));
    } finally {
      await Promise.all(stores.map((store) => store.close()));
    }
  }, 60_000);

  test("while it is silent calls end within seconds, health says so, watches wait, and all goes on by itself", async ({ skip }) => {
    if (server === undefined) return skip();
    const store = await open(server, await server.createDatabase());
    const { revision } = await store.put("/a", Buffer.from("1"), { expected: 0n });
    const seen: string[] = [];
    const abort = new AbortController();
    const watching = (async () => {
      for await (const change of store.watch("/", 1n, abort.signal)) seen.push(change.type);
    })();
    await server.pause();
    onTestFinished(() => server.resume());
    const begun = performance.now();
    const outcomes = await Promise.allSettled([
      store.get("/a"),
      store.list("/"),
      store.revision(),
      store.put("/b", Buffer.from("1"), { expected: 0n }),
    ]);
    const waited = performance.now() - begun;
    // They give up after 5 s.
    expect(waited).toBeLessThan(20_000);
    expect(outcomes.map((each) => each.status === "rejected" && (each.reason as Error).name)).toEqual(Array(4).fill("StoreUnavailable"));
    await expect.poll(() => store.health().readable).toBe(false);
    expect(store.health().problem).toContain(`127.0.0.1:${String(server.port)}`);
    expect(store.health().problem).not.toContain(server.password);
    const refusedAt = performance.now();
    await expect(store.get("/a")).rejects.toMatchObject({ name: "StoreUnavailable" });
    // Known to be away: nobody waits again.
    expect(performance.now() - refusedAt).toBeLessThan(waited / 2);
    await server.resume();
    await expect.poll(() => store.health()).toEqual({ readable: true, writable: true });
    const next = await store.put("/a", Buffer.from("2"), { expected: revision });
    expect((await store.get("/a"))?.revision).toBe(next.revision);
    await expect.poll(() => seen.filter((type) => type === "put").length).toBe(2);
    abort.abort();
    await watching;
    await store.close();
  });

  test("connections that a network swallowed are not used again: once new ones work, every call does", async ({ skip }) => {
    if (server === undefined) return skip();
    const proxy = await DeafProxy.start(server.port);
    onTestFinished(() => proxy.stop());
    const { host, user, password } = server;
    const name = await server.createDatabase();
    const dialect = postgresDialect({ host, port: proxy.port, user, password, database: name });
    const store = await openSqlStore({ dialect: openNetwork(dialect, { maxConnections: 8 }) });
    const other = await open(server, name);
    const seen: string[] = [];
    const abort = new AbortController();
    const watching = (async () => {
      for await (const change of store.watch("/", 1n, abort.signal)) if (change.type === "put") seen.push(change.entry.key);
    })();
    await Promise.all(Array.from({ length: 30 }, (_, index) => store.put(`/${String(index)}`, Buffer.from("x"), { expected: 0n })));
    await Promise.all(Array.from({ length: 30 }, (_, index) => store.get(`/${String(index)}`)));
    proxy.goDeaf();
    const outcomes = await Promise.allSettled([store.get("/1"), store.put("/new", Buffer.from("x"), { expected: 0n })]);
    expect(outcomes.map((each) => each.status === "rejected" && (each.reason as Error).name)).toEqual(["StoreUnavailable", "StoreUnavailable"]);
    await other.put("/by-other", Buffer.from("x"), { expected: 0n });
    await expect.poll(() => store.health().readable).toBe(false);
    proxy.hear();
    await expect.poll(() => store.health().readable).toBe(true);
    const found = await Promise.all(Array.from({ length: 30 }, (_, index) => store.get(`/${String(index)}`)));
    expect(found.every((entry) => entry !== undefined)).toBe(true);
    await store.put("/after", Buffer.from("x"), { expected: 0n });
    await expect.poll(() => seen.slice(-2)).toEqual(["/by-other", "/after"]);
    abort.abort();
    await watching;
    await Promise.all([store.close(), other.close()]);
  });

  test("a listening connection that ends is made again at once", async ({ skip }) => {
    if (server === undefined) return skip();
    const name = await server.createDatabase();
    const [one, other] = await Promise.all([open(server, name), open(server, name)]);
    const seen: string[] = [];
    const delays: number[] = [];
    const abort = new AbortController();
    const watching = (async () => {
      for await (const change of one.watch("/", 1n, abort.signal)) if (change.type === "put") seen.push(change.entry.key);
    })();
    for (let round = 0; round < 5; round += 1) {
      await sleep(300);
      await server.sql(endConnections);
      await other.put(`/${String(round)}`, Buffer.from("x"), { expected: 0n });
      const written = performance.now();
      await expect.poll(() => seen.length, { interval: 20 }).toBe(round + 1);
      delays.push(performance.now() - written);
    }
    // Sooner than whoever asks a broken connection every 2 s would see it.
    expect(delays.toSorted((a, b) => a - b)[2]).toBeLessThan(2000);
    abort.abort();
    await watching;
    await Promise.all([one.close(), other.close()]);
  });

  test("a database that takes no writes is read all the same, refuses writes as read-only, and is written to again by itself", async ({ skip }) => {
    if (server === undefined) return skip();
    const store = await open(server, await server.createDatabase());
    await store.put("/a", Buffer.from("1"), { expected: 0n });
    await setReadOnly(server, "on");
    await expect(store.put("/b", Buffer.from("1"), { expected: 0n })).rejects.toMatchObject({ name: "StoreReadOnly" });
    expect(store.health()).toMatchObject({ readable: true, writable: false });
    expect(Buffer.from((await store.get("/a"))?.value ?? []).toString()).toBe("1");
    await expect(store.delete("/a", 2n)).rejects.toMatchObject({ name: "StoreReadOnly" });
    await setReadOnly(server, "off");
    await expect.poll(() => store.health()).toEqual({ readable: true, writable: true });
    expect((await store.put("/b", Buffer.from("1"), { expected: 0n })).revision).toBe(3n);
    await store.close();
  });

  test("a database that was put back to an earlier state ends watches with RevisionFuture, and is then served as it is", async ({ skip }) => {
    if (server === undefined) return skip();
    const name = await server.createDatabase();
    const store = await open(server, name);
    const { revision } = await store.put("/a", Buffer.from("1"), { expected: 0n });
    await store.put("/b", Buffer.from("1"), { expected: 0n });
    const watching = (async () => {
      for await (const change of store.watch("/", revision, AbortSignal.timeout(15_000))) if (change.type === "delete") break;
    })().catch((thrown: unknown) => thrown);
    await server.sql(
      "UPDATE dataplane_counter SET revision = 2; DELETE FROM dataplane_log WHERE revision > 2; DELETE FROM dataplane_current WHERE revision > 2",
      name,
    );
    expect(await store.revision()).toBe(2n);
    expect(await watching).toMatchObject({ name: "RevisionFuture", current: 2n });
    expect((await store.put("/c", Buffer.from("1"), { expected: 0n })).revision).toBe(3n);
    await store.close();
  });

  test("a database that was put back and written to by others until its revision was larger again ends watches too", async ({ skip }) => {
    if (server === undefined) return skip();
    const name = await server.createDatabase();
    const [store, other] = await Promise.all([open(server, name), open(server, name)]);
    const { revision } = await store.put("/a", Buffer.from("1"), { expected: 0n });
    await store.put("/b", Buffer.from("1"), { expected: 0n });
    const watching = (async () => {
      for await (const change of store.watch("/", revision, AbortSignal.timeout(15_000))) if (change.type === "delete") break;
    })().catch((thrown: unknown) => thrown);
    await server.sql(
      `UPDATE dataplane_counter SET revision = 2; DELETE FROM dataplane_log WHERE revision > 2; DELETE FROM dataplane_current WHERE revision > 2;
       UPDATE dataplane_counter SET revision = 4; INSERT INTO dataplane_log VALUES (3, '/x', 0, 0, 1, 0, 'x'), (4, '/y', 0, 0, 1, 0, 'y')`,
      name,
    );
    await other.put("/c", Buffer.from("1"), { expected: 0n });
    expect(await watching).toMatchObject({ name: "RevisionFuture" });
    await Promise.all([store.close(), other.close()]);
  });

  test("where notifications do not come, changes of others are found by looking", async ({ skip }) => {
    if (server === undefined) return skip();
    const { host, port, user, password } = server;
    const { notifications: _, ...dialect } = postgresDialect({ host, port, user, password, database: await server.createDatabase() });
    const [one, other] = await Promise.all([1, 2].map(() => openSqlStore({ dialect: openNetwork(dialect, { maxConnections: 2 }) })));
    if (one === undefined || other === undefined) throw new Error("two stores were opened");
    const since = await one.revision();
    const delays: number[] = [];
    let written = 0;
    const watching = (async () => {
      for await (const change of one.watch("/", since, AbortSignal.timeout(20_000))) {
        if (change.type === "put") delays.push(performance.now() - written);
        if (delays.length === 15) break;
      }
    })();
    for (let index = 0; index < 15; index += 1) {
      await other.put(`/${String(index)}`, Buffer.from("x"), { expected: 0n });
      written = performance.now();
      await sleep(70);
    }
    await watching;
    // It looks at least every 40 ms; what a busy machine adds is not its doing.
    expect(delays.toSorted((a, b) => a - b)[7]).toBeLessThan(1000);
    await Promise.all([one.close(), other.close()]);
  });
});

describe.skipIf(server === undefined)(titleOf("PostgreSQL by TLS"), () => {
  test("the database's certificate is checked as far as the mode says, and nothing goes unencrypted", async () => {
    const secure = await startPostgres({ tls: true });
    if (secure?.caFile === undefined) throw new Error("it was there before");
    try {
      const name = await secure.createDatabase();
      const ca = readFileSync(secure.caFile, "utf8");
      for (const tls of [{ mode: "require" }, { mode: "verify-ca", ca }, { mode: "verify-full", ca }] as const) {
        const store = await open(secure, name, tls);
        await store.put(`/${tls.mode}`, Buffer.from("x"), { expected: 0n });
        await store.close();
      }
      expect(await secure.sql("SELECT count(*)::int AS n FROM dataplane_log", name)).toEqual([{ n: 3 }]);
      await expect(open(secure, name, { mode: "verify-full" })).rejects.toMatchObject({ name: "StoreUnavailable" });
      await expect(open(secure, name)).rejects.toMatchObject({ name: "StoreUnavailable" });
    } finally {
      await secure.stop();
    }
  }, 60_000);
});
