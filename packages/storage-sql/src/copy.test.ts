import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type CopiedEntry,
  createMemoryStore,
  exportStore,
  importIntoStore,
  incompleteKey,
  type Store,
  type StoreExport,
  type StoreImport,
} from "@dataplane/storage";
import { afterAll, describe, expect, test } from "vitest";
import { mysqlDialect } from "./dialects/mysql.js";
import { postgresDialect } from "./dialects/postgres.js";
import { openSqlite } from "./dialects/sqlite.js";
import { openSqliteExport } from "./dialects/sqlite-export.js";
import { openSqliteImport } from "./dialects/sqlite-import.js";
import type { NetworkDialect } from "./network/network-dialect.js";
import { openNetwork } from "./network/network-engine.js";
import { openNetworkExport } from "./network/network-export.js";
import { openNetworkImport } from "./network/network-import.js";
import { openSqlStore } from "./sql-store.js";
import { startMariadb } from "./testing/mariadb.js";
import { startPostgres } from "./testing/postgres.js";

interface Place {
  readonly open: () => Promise<Store>;
  readonly export: () => Promise<StoreExport>;
  readonly import: () => Promise<StoreImport>;
}

const folder = await mkdtemp(join(tmpdir(), "dataplane-copy-"));
const postgres = await startPostgres();
const mariadb = await startMariadb();
afterAll(async () => {
  await Promise.all([postgres?.stop(), mariadb?.stop()]);
  await rm(folder, { recursive: true });
});

let files = 0;
const sqlite = (): Place => {
  files += 1;
  const path = join(folder, `${String(files)}.db`);
  return {
    open: () => openSqlStore({ dialect: openSqlite(path) }),
    export: () => Promise.resolve().then(() => openSqliteExport(path)),
    import: () => Promise.resolve().then(() => openSqliteImport(path)),
  };
};

const network = (dialect: NetworkDialect): Place => ({
  open: () => openSqlStore({ dialect: openNetwork(dialect, { maxConnections: 4 }) }),
  export: () => openNetworkExport(dialect),
  import: () => openNetworkImport(dialect),
});

/** As etcd is filled: by the contract alone. */
const byContract = (): Place => {
  const store = createMemoryStore();
  const shared: Store = { ...storeCalls(store), close: () => Promise.resolve() };
  return {
    open: () => Promise.resolve(shared),
    export: () => Promise.resolve(exportStore(shared)),
    import: () => importIntoStore({ store: shared, where: "memory", now: () => Date.now() }),
  };
};

const storeCalls = (store: Store): Omit<Store, "close"> => ({
  revision: () => store.revision(),
  get: (key) => store.get(key),
  list: (...call) => store.list(...call),
  put: (...call) => store.put(...call),
  delete: (...call) => store.delete(...call),
  watch: (...call) => store.watch(...call),
  compact: (before) => store.compact(before),
  health: () => store.health(),
});

const places: readonly (readonly [string, (() => Promise<Place>) | undefined])[] = [
  ["SQLite", () => Promise.resolve(sqlite())],
  ["a store by its contract", () => Promise.resolve(byContract())],
  [
    "PostgreSQL",
    postgres === undefined ? undefined : async () => network(postgresDialect({ ...postgres, database: await postgres.createDatabase() })),
  ],
  ["MariaDB", mariadb === undefined ? undefined : async () => network(mysqlDialect({ ...mariadb, database: await mariadb.createDatabase() }))],
];

const inAnHour = Date.now() + 3_600_000;
const entries: readonly CopiedEntry[] = [
  { key: "/a", value: Buffer.from("first"), revision: 17n },
  { key: "/b/\u{1F600}", value: new Uint8Array(0), revision: 5n },
  { key: "/c", value: Buffer.alloc(300_000, 7), revision: 41n },
  { key: "/lease", value: Buffer.from("for an hour"), revision: 20n, expires: inAnHour },
];

for (const [name, place] of places) {
  describe.skipIf(place === undefined)(name, () => {
    if (place === undefined) return;
    test("a store that is filled has all entries, says until then that it is incomplete, and goes on from there", async () => {
      const { open, export: read, import: fill } = await place();
      const filling = await fill();
      await filling.put(entries.slice(0, 2));
      await filling.close();
      const incomplete = await open();
      expect(await incomplete.get(incompleteKey)).toBeDefined();
      await incomplete.close();

      // Again, and to the end: what was left is gone.
      const again = await fill();
      await again.put(entries);
      const revision = await again.finish(50n);
      await again.close();
      const store = await open();
      expect(await store.revision()).toBe(revision);
      expect(await store.get(incompleteKey)).toBeUndefined();
      const { entries: found } = await store.list("/");
      expect(found.map(({ key }) => key)).toEqual(entries.map(({ key }) => key));
      expect(Buffer.from(found[2]?.value ?? []).equals(Buffer.alloc(300_000, 7))).toBe(true);
      if (again.keepsRevisions) {
        expect(revision).toBe(50n);
        expect(found.map((entry) => entry.revision)).toEqual(entries.map((entry) => entry.revision));
        await expect(store.list("/", { at: 49n })).rejects.toMatchObject({ name: "RevisionCompacted" });
        const exported = await read();
        expect(await exported.expiries()).toEqual(new Map([["/lease", inAnHour]]));
        expect(await exported.count()).toBe(4);
        await exported.close();
      }
      const written = await store.put("/a", Buffer.from("second"), { expected: found[0]?.revision ?? 0n });
      expect(written.revision).toBe(revision + 1n);
      await expect(fill()).rejects.toMatchObject({ name: expect.stringMatching(/StoreNotEmpty|StoreLocked/) as string });
      await store.close();
      await expect(fill()).rejects.toMatchObject({ name: "StoreNotEmpty" });
    });

    test("an export reads beside a server, and follows what it writes", async () => {
      const { open, export: read } = await place();
      const store = await open();
      const { revision } = await store.put("/a", Buffer.from("1"), { expected: 0n });
      const exported = await read();
      expect((await exported.list("/", { at: revision })).entries).toMatchObject([{ key: "/a" }]);
      expect(await exported.problems()).toEqual([]);
      const seen: string[] = [];
      const stop = new AbortController();
      const following = (async () => {
        for await (const change of exported.changes(revision, stop.signal)) {
          if (change.type !== "progress") seen.push(`${change.type} ${change.type === "put" ? change.entry.key : change.key}`);
          if (seen.length === 2) stop.abort();
        }
      })();
      const second = await store.put("/b", Buffer.from("2"), { expected: 0n });
      await store.delete("/b", second.revision);
      await following;
      expect(seen).toEqual(["put /b", "delete /b"]);
      await exported.close();
      await store.close();
    });
  });
}
