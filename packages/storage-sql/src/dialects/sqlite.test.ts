import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeStore } from "@dataplane/storage/conformance";
import { afterAll } from "vitest";
import { openSqlStore } from "../sql-store.js";
import { openSqlite } from "./sqlite.js";
import { nodeHasSqlite, type SqliteDriver } from "./sqlite-driver.js";

const folder = await mkdtemp(join(tmpdir(), "dataplane-sqlite-"));
afterAll(() => rm(folder, { recursive: true }));

const drivers: readonly SqliteDriver[] = nodeHasSqlite() ? ["libsql", "node"] : ["libsql"];
let files = 0;

for (const driver of drivers) {
  describeStore(`sqlite through ${driver}`, () => {
    files += 1;
    return openSqlStore({ dialect: openSqlite(join(folder, `${String(files)}.db`), { driver }) });
  });
}
