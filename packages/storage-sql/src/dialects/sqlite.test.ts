import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeStore } from "@dataplane/storage/conformance";
import { afterAll, expect, test } from "vitest";
import { openSqlStore } from "../sql-store.js";
import { openSqlite } from "./sqlite.js";
import { nodeHasSqlite, type SqliteDriver } from "./sqlite-driver.js";

const folder = await mkdtemp(join(tmpdir(), "dataplane-sqlite-"));
afterAll(() => rm(folder, { recursive: true }));

// Both where both are; one alone by the environment.
const forced = process.env["DATAPLANE_SQLITE_DRIVER"];
const available: readonly SqliteDriver[] = nodeHasSqlite() ? ["libsql", "node"] : ["libsql"];
const drivers = available.filter((driver) => forced === undefined || forced === driver);
if (drivers.length === 0) throw new Error(`DATAPLANE_SQLITE_DRIVER=${forced ?? ""}: this Node has no such driver`);
let files = 0;

for (const driver of drivers) {
  describeStore(`sqlite through ${driver}`, () => {
    files += 1;
    return openSqlStore({ dialect: openSqlite(join(folder, `${String(files)}.db`), { driver }) });
  });
}

test("files are the owner's alone", async () => {
  const path = join(folder, "mode/store.db");
  const store = await openSqlStore({ dialect: openSqlite(path) });
  await store.put("/a", Buffer.from("1"), { expected: 0n });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(`${path}-wal`)).mode & 0o777).toBe(0o600);
  expect((await stat(join(folder, "mode"))).mode & 0o777).toBe(0o700);
  await store.close();
});
