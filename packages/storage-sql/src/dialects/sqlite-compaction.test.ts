import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openSqlStore } from "../sql-store.js";
import { measureStalls } from "../testing/compaction-stall.js";
import { openSqlite } from "./sqlite.js";
import { defaultDriver, openDatabase } from "./sqlite-driver.js";
import { prepareFile } from "./sqlite-schema.js";
import { SqliteWriter } from "./sqlite-writer.js";

const folder = await mkdtemp(join(tmpdir(), "dataplane-compaction-"));
afterAll(() => rm(folder, { recursive: true }));
// The mark is 200,000; a tenth of it shows the same, as the work of a turn does not depend on how much there is.
const revisions = Number(process.env["DATAPLANE_COMPACTED_REVISIONS"] ?? 20_000);

test("no turn of a compaction or of giving space back holds the writer up for 50 ms", { timeout: 300_000 }, () => {
  const path = join(folder, "turns.db");
  const database = openDatabase(defaultDriver(), path);
  prepareFile(database, path);
  const writer = new SqliteWriter(database);
  for (let batch = 0; batch < revisions / 1000; batch += 1) {
    const writes = Array.from({ length: 1000 }, (_, index) => {
      const expected = batch === 0 ? 0n : BigInt(2 + (batch - 1) * 1000 + index);
      return { type: "put" as const, key: `/key/${String(index)}`, value: Buffer.alloc(1000, batch), expected, expires: undefined };
    });
    expect(writer.turn({ writes, compact: undefined }).results.every(({ type }) => type === "written")).toBe(true);
  }
  let isMore = true;
  let longest = 0;
  let turns = 0;
  let compact: bigint | undefined = BigInt(revisions + 1);
  while (isMore) {
    // Time of the processor: what others do on this machine is not the store's doing.
    const before = process.cpuUsage();
    isMore = writer.turn({ writes: [], compact }).unswept;
    compact = undefined;
    const { user, system } = process.cpuUsage(before);
    longest = Math.max(longest, (user + system) / 1000);
    turns += 1;
  }
  expect(turns).toBeGreaterThan(revisions / 1000);
  expect(longest).toBeLessThan(50);
  expect(Object.values(database.prepare("SELECT count(*) FROM log").get() ?? {})[0]).toBe(1000);
  database.close();
});

test("who writes while the history is forgotten waits for a turn, not for all of it", { timeout: 300_000 }, async () => {
  const store = await openSqlStore({ dialect: openSqlite(join(folder, "stalls.db")) });
  const { compacting, compactionMs } = await measureStalls(store, revisions);
  expect(compacting.writes).toBeGreaterThan(5);
  expect(compacting.median).toBeLessThan(compactionMs / 5);
  await store.close();
});
