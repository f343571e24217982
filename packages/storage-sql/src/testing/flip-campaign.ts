import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Entry, StoreDamaged, type WriteChange } from "@dataplane/storage";
import { openSqlite } from "../dialects/sqlite.js";
import { openDatabase, type SqliteDriver } from "../dialects/sqlite-driver.js";
import { SqliteReader } from "../dialects/sqlite-reader.js";
import { prepareFile } from "../dialects/sqlite-schema.js";
import { openSqlStore } from "../sql-store.js";

export interface FlipCampaign {
  readonly folder: string;
  readonly driver: SqliteDriver;
  readonly flips: number;
  readonly seed: number;
}

export interface FlipReport {
  /** Flips after which everything was read as it was written. */
  readonly harmless: number;
  /** Flips after which the file was not opened. */
  readonly refused: number;
  /** Flips after which some reads were refused, and all others right. */
  readonly named: number;
  /** Offsets and what was wrong there. */
  readonly wrong: readonly string[];
}

/** Flips one bit of a whole file, opens it, and reads all that there is in each way; again and again. */
export async function runFlipCampaign({ folder, driver, flips, seed }: FlipCampaign): Promise<FlipReport> {
  const path = join(folder, "flips.db");
  await fill(path, driver);
  const content = readFileSync(path);
  const expected = readAll(path, driver);
  const counts = { harmless: 0, refused: 0, named: 0 };
  const wrong: string[] = [];
  let random = seed;
  for (let flip = 0; flip < flips; flip += 1) {
    // A linear congruential generator: a campaign can be run again as it was.
    random = (random * 1_103_515_245 + 12_345) % 2 ** 31;
    const bit = Math.floor((random / 2 ** 31) * content.length * 8);
    const offset = bit >>> 3;
    const flipped = Buffer.from(content);
    flipped[offset] = (flipped[offset] ?? 0) ^ (1 << (bit & 7));
    for (const suffix of ["-wal", "-shm"]) rmSync(path + suffix, { force: true });
    writeFileSync(path, flipped);
    const outcome = compare(expected, readAll(path, driver));
    if (outcome in counts) counts[outcome as keyof typeof counts] += 1;
    else wrong.push(`bit ${String(bit)}: ${outcome}`);
  }
  return { ...counts, wrong };
}

async function fill(path: string, driver: SqliteDriver): Promise<void> {
  const store = await openSqlStore({ dialect: openSqlite(path, { driver }) });
  for (let round = 0; round < 3; round += 1) {
    for (let index = 0; index < 60; index += 1) {
      const key = `/things/${String(index)}`;
      const entry = await store.get(key);
      const value = Buffer.from(`round ${String(round)} of ${key} `.repeat(index % 7 === 0 ? 300 : 5));
      await store.put(key, value, { expected: entry?.revision ?? 0n, ...(index % 5 === 0 ? { ttlSeconds: 1e6 } : {}) });
    }
    if (round === 0) await store.compact(await store.revision());
  }
  const gone = await store.get("/things/9");
  if (gone !== undefined) await store.delete(gone.key, gone.revision);
  await store.close();
}

/** What each way of reading gives, as text; "damaged" where it was refused. Undefined when the file was not opened. */
function readAll(path: string, driver: SqliteDriver): ReadonlyMap<string, string> | undefined {
  const database = openDatabase(driver, path);
  try {
    prepareFile(database, path);
    const reader = new SqliteReader(database);
    const found = new Map<string, string>();
    const note = (name: string, read: () => string): void => void found.set(name, refusedOr(read));
    note("revision", () => String(reader.revision()));
    note("list", () => textOf(reader.list("/", {}).entries));
    note("list again", () => textOf(reader.list("/", {}).entries));
    for (const at of [61n, 100n, 150n]) note(`list at ${String(at)}`, () => textOf(reader.list("/", { at }).entries));
    for (let index = 0; index < 60; index += 1) {
      const key = `/things/${String(index)}`;
      note(key, () => textOf([reader.get(key)].flatMap((entry) => entry ?? [])));
    }
    note("history", () => reader.history("/", 61n, 182n).changes.map(changeLine).join("\n"));
    note("expiry", () => JSON.stringify(reader.nextExpiry()));
    return found;
  } catch (thrown) {
    // Any refusal will do: nothing is served.
    if (thrown instanceof Error) return undefined;
    throw thrown;
  } finally {
    database.close();
  }
}

function refusedOr(read: () => string): string {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof StoreDamaged) return "damaged";
    throw thrown;
  }
}

/** A damaged row names its key where it can; nothing else of it is believed. */
const changeLine = (change: WriteChange): string =>
  change.type === "put" && (change.entry.damage ?? change.previous?.damage) !== undefined
    ? "damaged"
    : JSON.stringify(change, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));

const textOf = (entries: readonly Entry[]): string => entries.map(lineOf).join("\n");
const lineOf = ({ key, value, revision, damage }: Entry): string =>
  damage === undefined ? `${key} ${String(revision)} ${Buffer.from(value).toString("hex")}` : "damaged";

/** What became of one way of reading. */
function outcomeOf(expected: string, found: string | undefined): "harmless" | "named" | "wrong" {
  if (found === expected) return "harmless";
  if (found === "damaged") return "named";
  const [lines, foundLines] = [new Set(expected.split("\n")), found?.split("\n") ?? []];
  // As many as there were, each as it was or known to be damaged.
  return foundLines.length === lines.size && foundLines.every((line) => line === "damaged" || lines.has(line)) ? "named" : "wrong";
}

function compare(expected: ReadonlyMap<string, string> | undefined, found: ReadonlyMap<string, string> | undefined): string {
  if (expected === undefined) throw new Error("the file that was written cannot be read");
  if (found === undefined) return "refused";
  let isNamed = false;
  for (const [name, value] of expected) {
    const outcome = outcomeOf(value, found.get(name));
    if (outcome === "wrong") return `${name} reads ${found.get(name)?.slice(0, 100) ?? "nothing"}`;
    isNamed ||= outcome === "named";
  }
  return isNamed ? "named" : "harmless";
}
