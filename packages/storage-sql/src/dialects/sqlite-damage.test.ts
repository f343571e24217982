import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Store } from "@dataplane/storage";
import { afterAll, expect, test } from "vitest";
import { openSqlStore } from "../sql-store.js";
import { runFlipCampaign } from "../testing/flip-campaign.js";
import { openSqlite } from "./sqlite.js";
import { defaultDriver, openDatabase, type SqlValue } from "./sqlite-driver.js";

const folder = await mkdtemp(join(tmpdir(), "dataplane-damage-"));
afterAll(() => rm(folder, { recursive: true }));

const open = (path: string): Promise<Store> => openSqlStore({ dialect: openSqlite(path) });

const whole = join(folder, "whole.db");
{
  const store = await open(whole);
  for (const name of ["a", "b", "c"]) await store.put(`/${name}`, Buffer.from(`value of ${name}`), { expected: 0n });
  await store.put("/b", Buffer.from("second of b"), { expected: 3n });
  await store.put("/c", Buffer.alloc(10_000, "c"), { expected: 4n });
  await store.close();
}

async function damaged(name: string, statement: string, ...values: readonly SqlValue[]): Promise<Store> {
  const path = join(folder, `${name}.db`);
  await copyFile(whole, path);
  const database = openDatabase(defaultDriver(), path);
  database.prepare(statement).run(...values);
  database.close();
  return open(path);
}

test("a value that is not what was written is refused by the name of its key, wherever it is read, and the others are served", async () => {
  const store = await damaged("value", "UPDATE log SET value = ? WHERE revision = ?", Buffer.from("second of B"), 5);
  const isNamed = { name: "StoreDamaged", key: "/b" };
  await expect(store.get("/b")).rejects.toMatchObject(isNamed);
  for (const { entries } of [await store.list("/"), await store.list("/"), await store.list("/", { at: 5n })]) {
    expect(entries.map(({ key, damage }) => [key, damage?.name])).toEqual([
      ["/a", undefined],
      ["/b", "StoreDamaged"],
      ["/c", undefined],
    ]);
    expect(entries[1]).toMatchObject({ value: new Uint8Array(0), revision: 5n, damage: isNamed });
  }
  await expect(store.put("/b", Buffer.from("third"), { expected: 5n })).rejects.toMatchObject(isNamed);
  await expect(store.delete("/b", 5n)).rejects.toMatchObject(isNamed);
  expect(await firstChange(store, 4n)).toMatchObject({ type: "put", entry: { key: "/b", revision: 5n, damage: isNamed } });
  expect(Buffer.from((await store.get("/a"))?.value ?? []).toString()).toBe("value of a");
  expect((await store.put("/a", Buffer.from("again"), { expected: 2n })).revision).toBe(7n);
  expect(store.health()).toEqual({ readable: true, writable: true });
  await store.close();
});

async function firstChange(store: Store, since: bigint): Promise<unknown> {
  for await (const change of store.watch("/", since, AbortSignal.timeout(2000))) return change;
  return undefined;
}

test("an older value in the place of the newest one is refused", async () => {
  const store = await damaged("older", "UPDATE current SET revision = ? WHERE key = ?", 3, "/b");
  await expect(store.get("/b")).rejects.toMatchObject({ name: "StoreDamaged", key: "/b" });
  expect((await store.list("/")).entries[1]).toMatchObject({ key: "/b", damage: { name: "StoreDamaged" } });
  await store.close();
});

test("another key's value is refused", async () => {
  const store = await damaged(
    "other",
    "UPDATE current SET revision = ?, checksum = (SELECT checksum FROM current WHERE key = '/a') WHERE key = ?",
    2,
    "/b",
  );
  await expect(store.get("/b")).rejects.toMatchObject({ name: "StoreDamaged", key: "/b" });
  await store.close();
});

test("a watch is not given a history with a gap", async () => {
  const store = await damaged("gap", "DELETE FROM log WHERE revision = ?", 3);
  await expect(firstChange(store, 1n)).rejects.toMatchObject({ name: "StoreDamaged" });
  await store.close();
});

test("a counter that went back is refused at the start, and nothing is written", async () => {
  await expect(damaged("counter", "UPDATE counter SET revision = ?", 4)).rejects.toMatchObject({ name: "StoreDamaged" });
});

test("a file that is cut short is refused at the start", async () => {
  const path = join(folder, "cut.db");
  const content = await readFile(whole);
  await writeFile(path, content.subarray(0, content.length - 4096));
  await expect(open(path)).rejects.toMatchObject({ name: "StoreDamaged" });
});

test("no bit that flips in a file has a wrong value served", { timeout: 300_000 }, async () => {
  const flips = Number(process.env["DATAPLANE_BIT_FLIPS"] ?? 150);
  const report = await runFlipCampaign({ folder, driver: defaultDriver(), flips, seed: 7 });
  expect(report.wrong).toEqual([]);
  expect(report.harmless + report.refused + report.named).toBe(flips);
  expect(report.refused + report.named).toBeGreaterThan(flips / 4);
});
