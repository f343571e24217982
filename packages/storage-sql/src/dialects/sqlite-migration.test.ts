import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Change, Entry, Store } from "@dataplane/storage";
import { afterAll, expect, test } from "vitest";
import { openSqlStore } from "../sql-store.js";
import { openSqlite } from "./sqlite.js";
import { defaultDriver, openDatabase } from "./sqlite-driver.js";

const folder = await mkdtemp(join(tmpdir(), "dataplane-migration-"));
afterAll(() => rm(folder, { recursive: true }));

/** A file that release 0.1 wrote: 44 keys at first, some written again or deleted, compacted at revision 50. */
async function fileOfVersion1(name: string): Promise<string> {
  const path = join(folder, name);
  const stored = new URL("../testing/files/sqlite-version-1.db.gz", import.meta.url);
  await writeFile(path, gunzipSync(await readFile(stored)));
  return path;
}

const open = (path: string): Promise<Store> => openSqlStore({ dialect: openSqlite(path) });
const text = (entry: Entry | undefined): string => Buffer.from(entry?.value ?? []).toString();

function sql(path: string, statement: string): unknown {
  const database = openDatabase(defaultDriver(), path);
  try {
    if (!/^(?:select|pragma \w+$)/i.test(statement)) return database.exec(statement);
    return Object.values(database.prepare(statement).get() ?? {})[0];
  } finally {
    database.close();
  }
}

test("a file of schema version 1 is brought forward with all its values, its history, its expiries and its counter", async () => {
  const path = await fileOfVersion1("forward.db");
  const store = await open(path);
  expect(await store.revision()).toBe(73n);
  const { entries } = await store.list("/");
  expect(entries).toHaveLength(36);
  expect(text(await store.get("/things/02"))).toBe("second 2");
  expect(text(await store.get("/things/03"))).toBe("value 3");
  expect(await store.get("/things/05")).toBeUndefined();
  expect(text(await store.get("/unicode/\u{1F600}é"))).toBe("smile");
  expect((await store.get("/large"))?.value).toHaveLength(20_000);
  expect((await store.list("/", { at: 60n })).entries).toHaveLength(44);
  await expect(store.list("/", { at: 49n })).rejects.toMatchObject({ name: "RevisionCompacted" });
  expect(await changes(store, 50n, 23)).toHaveLength(23);
  expect((await store.put("/new", Buffer.from("1"), { expected: 0n })).revision).toBe(74n);
  await store.close();
  expect(sql(path, "PRAGMA user_version")).toBe(2);
  expect(sql(path, "PRAGMA auto_vacuum")).toBe(2);
  expect(sql(path, "SELECT expires FROM current WHERE key = '/lease'")).toBeGreaterThan(Date.now());

  const again = await open(path);
  expect((await again.list("/")).entries).toHaveLength(37);
  await again.close();
});

async function changes(store: Store, since: bigint, count: number): Promise<Change[]> {
  const found: Change[] = [];
  for await (const change of store.watch("/", since, AbortSignal.timeout(15_000))) {
    found.push(change);
    if (found.length === count) break;
  }
  return found;
}

test("a file of version 1 whose tables do not agree is refused by the key's name, and left as it is", async () => {
  const path = await fileOfVersion1("stray.db");
  sql(path, "UPDATE current SET revision = 9 WHERE key = '/large'");
  await expect(open(path)).rejects.toMatchObject({ name: "StoreDamaged", key: "/large" });
  expect(sql(path, "PRAGMA user_version")).toBe(1);
});

test("a migration that cannot be written leaves version 1 as it was", async () => {
  const path = await fileOfVersion1("failing.db");
  sql(path, "CREATE TRIGGER fails BEFORE UPDATE ON log WHEN old.revision = 70 BEGIN SELECT RAISE(ABORT, 'no'); END");
  await expect(open(path)).rejects.toThrow("no");
  expect(sql(path, "PRAGMA user_version")).toBe(1);
  sql(path, "DROP TRIGGER fails");
  const store = await open(path);
  expect((await store.list("/")).entries).toHaveLength(36);
  await store.close();
});

test("what a compaction frees is given back to the disk", async () => {
  const path = join(folder, "vacuum.db");
  const store = await open(path);
  let revision = 0n;
  for (let round = 0; round < 40; round += 1) {
    const written = await Promise.all(
      Array.from({ length: 50 }, (_, index) => store.put(`/large/${String(round)}-${String(index)}`, Buffer.alloc(8000, round), { expected: 0n })),
    );
    revision = written.at(-1)?.revision ?? revision;
  }
  const { entries } = await store.list("/large/");
  await Promise.all(entries.map(({ key, revision: expected }) => store.delete(key, expected)));
  await store.compact(await store.revision());
  await store.put("/small", Buffer.from("kept"), { expected: 0n });
  await store.close();
  expect((await stat(path)).size).toBeLessThan(2_000_000);
  expect(sql(path, "PRAGMA integrity_check")).toBe("ok");
  const again = await open(path);
  expect((await again.list("/")).entries.map(({ key }) => key)).toEqual(["/small"]);
  await again.close();
});
