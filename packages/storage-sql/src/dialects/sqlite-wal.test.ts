import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openSqlStore } from "../sql-store.js";
import { openSqlite } from "./sqlite.js";
import { defaultDriver, openDatabase } from "./sqlite-driver.js";
import { SqliteReader } from "./sqlite-reader.js";
import { prepareFile } from "./sqlite-schema.js";
import { requireWholeLog } from "./sqlite-wal.js";

const folder = mkdtempSync(join(tmpdir(), "dataplane-wal-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "killed.db");

/** A file and its log as a server that is killed leaves them: the copy is made while the server has them. */
const transactions = 12;
{
  const running = join(folder, "running.db");
  const store = await openSqlStore({ dialect: openSqlite(running) });
  for (let index = 0; index < transactions; index += 1) await store.put(`/key/${String(index)}`, Buffer.alloc(5000, index), { expected: 0n });
  for (const suffix of ["", "-wal"]) copyFileSync(running + suffix, `${path}.kept${suffix}`);
  await store.close();
}
const log = readFileSync(`${path}.kept-wal`);

function lay(content: Buffer): void {
  copyFileSync(`${path}.kept`, path);
  writeFileSync(`${path}-wal`, content);
  rmSync(`${path}-shm`, { force: true });
}

/** The newest revision that is there, once the log was found to be whole. */
function revision(): number {
  requireWholeLog(path);
  const database = openDatabase(defaultDriver(), path);
  try {
    prepareFile(database, path);
    return Number(new SqliteReader(database).revision());
  } finally {
    database.close();
  }
}

const newest = transactions + 1;

test("the log of a server that was killed is whole", () => {
  lay(log);
  expect(revision()).toBe(newest);
});

test("a log that ends anywhere is one that a crash left, and is read as far as it goes", () => {
  for (let size = 0; size < log.length; size += 4567) {
    lay(log);
    truncateSync(`${path}-wal`, size);
    expect(() => requireWholeLog(path)).not.toThrow();
  }
});

test("a bit that flips in the log takes no acknowledged write with it in silence, but of the last two", { timeout: 120_000 }, () => {
  let refused = 0;
  for (let bit = 0; bit < log.length * 8; bit += 4999) {
    const flipped = Buffer.from(log);
    flipped[bit >>> 3] = (flipped[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
    lay(flipped);
    try {
      expect(revision(), `bit ${String(bit)}`).toBeGreaterThanOrEqual(newest - 2);
    } catch (thrown) {
      expect(thrown, `bit ${String(bit)}`).toMatchObject({ name: "StoreDamaged" });
      refused += 1;
    }
  }
  expect(refused).toBeGreaterThan(((log.length * 8) / 4999) * 0.6);
});

test("each bit of the log's header is missed when it flips", () => {
  for (let bit = 0; bit < 32 * 8; bit += 1) {
    const flipped = Buffer.from(log);
    flipped[bit >>> 3] = (flipped[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
    lay(flipped);
    expect(() => requireWholeLog(path), `bit ${String(bit)}`).toThrow(/is damaged at byte 0/);
  }
});

test("a header that was half written, with the log of before behind it, is a crash", () => {
  const torn = Buffer.from(log);
  torn.writeUInt32BE(torn.readUInt32BE(12) + 7, 12);
  torn.writeUInt32BE(torn.readUInt32BE(16) + 1, 16);
  lay(torn);
  expect(() => requireWholeLog(path)).not.toThrow();
});
