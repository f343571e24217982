import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "@dataplane/storage";
import { afterAll, expect, test } from "vitest";
import { openSqlite } from "./dialects/sqlite.js";
import { defaultDriver, openDatabase } from "./dialects/sqlite-driver.js";
import { openSqlStore } from "./sql-store.js";

const folder = await mkdtemp(join(tmpdir(), "dataplane-sql-"));
afterAll(() => rm(folder, { recursive: true }));

const driver = defaultDriver();
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const open = (path: string): Promise<Store> => openSqlStore({ dialect: openSqlite(path, { driver }) });

test("what was written is there after the store is opened again, and revisions go on", async () => {
  const path = join(folder, "deep/er/again.db");
  const first = await open(path);
  expect(await first.revision()).toBe(1n);
  const entry = await first.put("/a", bytes("1"), { expected: 0n });
  expect(entry.revision).toBe(2n);
  await first.delete("/a", 2n);
  await first.put("/b", bytes("2"), { expected: 0n });
  await first.close();

  const second = await open(path);
  expect(await second.revision()).toBe(4n);
  expect((await second.list("/", { at: 2n })).entries.map(({ key }) => key)).toEqual(["/a"]);
  expect((await second.put("/c", bytes("3"), { expected: 0n })).revision).toBe(5n);
  await second.close();
});

test("a compaction outlives the process", async () => {
  const path = join(folder, "compacted.db");
  const first = await open(path);
  let { revision } = await first.put("/a", bytes("0"), { expected: 0n });
  for (let round = 1; round < 1300; round += 1) ({ revision } = await first.put("/a", bytes(String(round)), { expected: revision }));
  await first.compact(revision);
  await first.close();

  const database = openDatabase(driver, path);
  expect(database.prepare("SELECT count(*) AS n FROM log").get()?.["n"]).toBe(1);
  database.close();
  const second = await open(path);
  await expect(second.list("/", { at: revision - 1n })).rejects.toMatchObject({ name: "RevisionCompacted", oldest: revision });
  await second.close();
});

test("a key whose time is over while nobody has the store open is deleted soon after it is opened", async () => {
  const path = join(folder, "expiry.db");
  const first = await open(path);
  const { revision } = await first.put("/a", bytes("short"), { expected: 0n, ttlSeconds: 0.05 });
  await first.close();
  await new Promise((resolve) => setTimeout(resolve, 60));
  const second = await open(path);
  for await (const change of second.watch("/", revision, AbortSignal.timeout(15_000))) {
    if (change.type === "progress") continue;
    expect(change).toMatchObject({ type: "delete", key: "/a" });
    break;
  }
  expect(await second.get("/a")).toBeUndefined();
  await second.close();
});

test("a store that is open is refused to others, who learn the process that has it", async () => {
  const path = join(folder, "locked.db");
  const store = await open(path);
  await expect(open(path)).rejects.toMatchObject({
    name: "StoreLocked",
    pid: process.pid,
    message: `${path} is in use by process ${String(process.pid)}`,
  });
  await store.put("/a", bytes("still"), { expected: 0n });
  await store.close();
  await (await open(path)).close();
});

test("the lock of a process that was killed is free", async () => {
  const path = join(folder, "killed.db");
  const script = join(folder, "hold.mjs");
  const sqlite = driver === "node" ? `new (require("node:sqlite").DatabaseSync)` : `new (require("libsql"))`;
  await writeFile(
    script,
    `import { createRequire } from "node:module";
     const require = createRequire(${JSON.stringify(import.meta.url)});
     const held = ${sqlite}(${JSON.stringify(`${path}.lock`)});
     held.exec("BEGIN EXCLUSIVE");
     process.send("held");
     setInterval(() => held, 1000);`,
  );
  await writeFile(`${path}.pid`, "12345\n");
  const child = fork(script, { execArgv: [] });
  await once(child, "message");
  await expect(open(path)).rejects.toMatchObject({ name: "StoreLocked", pid: 12_345 });
  child.kill("SIGKILL");
  await once(child, "exit");
  await (await open(path)).close();
});

test("a file that a newer release wrote is refused and left as it is", async () => {
  const path = join(folder, "newer.db");
  const database = openDatabase(driver, path);
  database.exec("PRAGMA user_version = 99");
  database.close();
  await expect(open(path)).rejects.toMatchObject({ name: "SchemaTooNew" });
  const again = openDatabase(driver, path);
  expect(again.prepare("PRAGMA user_version").get()?.["user_version"]).toBe(99);
  again.close();
});

test("a file that is no database is refused with a clear error, and its lock is let go", async () => {
  const path = join(folder, "text.db");
  await writeFile(path, "this is a text file, not a database at all\n".repeat(100));
  await expect(open(path)).rejects.toThrow(/not a database/);
  await rm(path);
  await (await open(path)).close();
});
