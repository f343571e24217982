import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { silentLogger, systemClock } from "@dataplane/meta";
import { incompleteKey, type Store } from "@dataplane/storage";
import { startEtcd } from "@dataplane/storage-etcd/testing";
import { startMariadb, startPostgres } from "@dataplane/storage-sql/testing/databases";
import { afterAll, expect, test } from "vitest";
import { parseCommandLine } from "../command-line.js";
import { type Config, loadConfig } from "../config/load-config.js";
import { openStore } from "../open-store.js";
import { storeLocation } from "../store-location.js";
import { BackupDamaged } from "./backup-record.js";
import { openImport } from "./open-copies.js";
import { planRestore } from "./restore-plan.js";
import { runStorageCommand } from "./run-storage-command.js";

const root = mkdtempSync(path.join(tmpdir(), "dataplane-storage-"));
const [postgres, mariadb, etcd] = await Promise.all([startPostgres(), startMariadb(), startEtcd()]);
afterAll(async () => {
  await Promise.all([postgres?.stop(), mariadb?.stop(), etcd?.stop()]);
  rmSync(root, { recursive: true });
});

let folders = 0;
const configOf = (...overrides: readonly string[]): Config =>
  loadConfig({ root, file: undefined, env: {}, overrides: [`paths.data=data-${String(folders++)}`, ...overrides] });

const openAt = (config: Config): Promise<Store> => openStore({ location: storeLocation(config), clock: systemClock, logger: silentLogger });

interface Said {
  readonly lines: readonly string[];
  readonly progress: string;
}

async function run(
  config: Config,
  words: string,
  signal = new AbortController().signal,
  onLine: (line: string) => void = () => undefined,
): Promise<Said> {
  const command = parseCommandLine(words.split(" "));
  const lines: string[] = [];
  let progress = "";
  if (!command.name.startsWith("storage")) throw new Error("not a command of storage");
  await runStorageCommand(command as Parameters<typeof runStorageCommand>[0], {
    config,
    print(line) {
      lines.push(line);
      onLine(line);
    },
    progress: {
      write(text) {
        progress += text;
      },
    },
    signal,
  });
  return { lines, progress };
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

async function filled(config: Config, count = 30): Promise<bigint> {
  const store = await openAt(config);
  for (let index = 0; index < count; index += 1) await store.put(`/things/${String(index)}`, bytes(`value ${String(index)}`), { expected: 0n });
  await store.put("/large", Buffer.alloc(200_000, 1), { expected: 0n });
  await store.put("/event", bytes("for a while"), { expected: 0n, ttlSeconds: 3600 });
  const first = await store.get("/things/0");
  await store.put("/things/0", bytes("again"), { expected: first?.revision ?? 0n });
  const second = await store.get("/things/1");
  await store.delete("/things/1", second?.revision ?? 0n);
  const revision = await store.revision();
  await store.close();
  return revision;
}

async function stateOf(config: Config, withRevisions = true): Promise<readonly string[]> {
  const store = await openAt(config);
  const { entries } = await store.list("/");
  await store.close();
  return entries.map(({ key, value, revision }) => `${key} ${withRevisions ? String(revision) : ""} ${Buffer.from(value).toString("base64")}`);
}

test("a backup of a store that a server has open is restored as it was, with its resourceVersions and its expiries", async () => {
  const from = configOf();
  const revision = await filled(from);
  const server = await openAt(from);
  const file = path.join(root, "whole.backup");
  const { lines, progress } = await run(from, `storage backup ${file}`);
  expect(lines.join()).toContain(`31 entries`);
  expect(lines.join()).toContain(`at revision ${String(revision)}`);
  expect(progress).toBe("entries 31/31 (100 %)\n");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await server.put("/after", bytes("not in it"), { expected: 0n });
  await server.close();
  expect((await run(from, `storage verify ${file}`)).lines.join()).toContain("is whole: 31 entries");

  const to = configOf();
  await run(to, `storage restore ${file} --keep-revision`);
  expect(await stateOf(to)).toEqual((await stateOf(from)).filter((line) => !line.startsWith("/after")));
  const store = await openAt(to);
  expect(await store.revision()).toBe(revision);
  expect((await store.put("/new", bytes("1"), { expected: 0n })).revision).toBe(revision + 1n);
  await store.close();
  expect((await run(to, "storage verify")).lines.join()).toContain("is whole: 32 entries");
  await expect(run(to, `storage restore ${file}`)).rejects.toThrow(/is not empty/);
});

test("a restore goes ahead of every revision that the lost store may have given out, unless it is told not to", async () => {
  const from = configOf();
  const revision = await filled(from);
  const file = path.join(root, "ahead.backup");
  await run(from, `storage backup ${file}`);
  const to = configOf();
  await run(to, `storage restore ${file}`);
  const store = await openAt(to);
  expect(await store.revision()).toBe(revision + 1_000_000n);
  await expect(store.list("/", { at: revision })).rejects.toMatchObject({ name: "RevisionCompacted" });
  await store.close();
});

test("a backup that is followed is restored at any revision and at any moment", async () => {
  const from = configOf();
  const server = await openAt(from);
  await server.put("/a", bytes("1"), { expected: 0n });
  const file = path.join(root, "followed.backup");
  const stop = new AbortController();
  let begun = (): void => undefined;
  const isBegun = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const following = run(from, `storage backup ${file} --follow`, stop.signal, () => begun());
  await isBegun;
  const states = new Map<bigint, string>();
  let { revision } = await server.put("/a", bytes("2"), { expected: 2n });
  states.set(revision, "/a=2");
  await new Promise((resolve) => setTimeout(resolve, 600));
  const between = new Date();
  await new Promise((resolve) => setTimeout(resolve, 300));
  ({ revision } = await server.put("/b", bytes("3"), { expected: 0n, ttlSeconds: 3600 }));
  states.set(revision, "/a=2 /b=3");
  ({ revision } = await server.delete("/a", 3n));
  states.set(revision, "/b=3");
  await new Promise((resolve) => setTimeout(resolve, 800));
  stop.abort();
  const { lines } = await following;
  expect(lines.at(-1)).toContain(`up to revision ${String(revision)}`);
  await server.close();

  const restored = async (at: string): Promise<string> => {
    const to = configOf();
    await run(to, `storage restore ${file} --at ${at}`);
    const store = await openAt(to);
    const { entries } = await store.list("/");
    await store.close();
    return entries.map(({ key, value }) => `${key}=${Buffer.from(value).toString()}`).join(" ");
  };
  expect(await restored("2")).toBe("/a=1");
  for (const [at, state] of states) expect(await restored(String(at))).toBe(state);
  expect(await restored(between.toISOString())).toBe("/a=2");
  expect(await restored(new Date().toISOString())).toBe("/b=3");
  await expect(restored("1")).rejects.toThrow(/begins at revision 2/);
  await expect(restored("99")).rejects.toThrow(/ends at revision/);

  // Cut in the middle of the last change: what came before is there.
  truncateSync(file, statSync(file).size - 20);
  expect((await run(from, `storage verify ${file}`)).lines.join()).toContain("in the middle of a change");
  expect(await restored("3")).toBe("/a=2");
});

test("each byte of a backup that is not as it was written is noticed before anything is restored", async () => {
  const from = configOf();
  await filled(from, 3);
  const file = path.join(root, "bytes.backup");
  await run(from, `storage backup ${file}`);
  const content = readFileSync(file);
  const whole = await planRestore(file);
  let noticed = 0;
  for (let offset = 0; offset < content.length; offset += 1) {
    const damaged = Buffer.from(content);
    damaged[offset] = (damaged[offset] ?? 0) ^ (1 << (offset % 8));
    writeFileSync(file, damaged);
    const outcome: unknown = await planRestore(file).catch((error: unknown) => error);
    if (outcome instanceof BackupDamaged) noticed += 1;
    // Some bits of gzip's own header, such as when it was made, mean nothing here.
    else expect(outcome, `byte ${String(offset)}`).toEqual(whole);
  }
  expect(noticed).toBeGreaterThan(content.length - 10);
  const to = configOf();
  await expect(run(to, `storage restore ${file}`)).rejects.toMatchObject({ name: "CannotStart" });
  expect(existsSync(to.dataPath)).toBe(false);
  writeFileSync(file, content.subarray(0, content.length / 2));
  await expect(run(to, `storage verify ${file}`)).rejects.toThrow(/not finished/);
  writeFileSync(file, "no backup");
  await expect(run(to, `storage verify ${file}`)).rejects.toThrow(/cannot be unzipped/);
  await expect(run(to, `storage verify ${file}.absent`)).rejects.toThrow(/no such file/);
});

test("keys go along when they are asked for, and are never put over others", async () => {
  const from = configOf();
  await filled(from, 2);
  const keys = path.join(from.dataPath, "keys");
  mkdirSync(keys, { recursive: true });
  writeFileSync(path.join(keys, "secrets.key"), "the key", { mode: 0o600 });
  const file = path.join(root, "keys.backup");
  await run(from, `storage backup ${file} --keys`);
  const to = configOf();
  await run(to, `storage restore ${file} --keys`);
  const restored = path.join(to.dataPath, "keys", "secrets.key");
  expect(readFileSync(restored, "utf8")).toBe("the key");
  expect(statSync(restored).mode & 0o777).toBe(0o600);

  const other = configOf();
  mkdirSync(path.join(other.dataPath, "keys"), { recursive: true });
  writeFileSync(path.join(other.dataPath, "keys", "secrets.key"), "another");
  await expect(run(other, `storage restore ${file} --keys`)).rejects.toThrow(/is there already/);
  expect(readFileSync(path.join(other.dataPath, "keys", "secrets.key"), "utf8")).toBe("another");
});

const engines: readonly (readonly [string, (() => Promise<string>) | undefined])[] = [
  ["PostgreSQL", postgres === undefined ? undefined : async () => postgres.url(await postgres.createDatabase())],
  [
    "MariaDB",
    mariadb === undefined
      ? undefined
      : async () =>
          `mysql://${mariadb.user}:${encodeURIComponent(mariadb.password)}@${mariadb.host}:${String(mariadb.port)}/${await mariadb.createDatabase()}`,
  ],
  ["etcd", etcd === undefined ? undefined : () => Promise.resolve(`etcd://${etcd.hosts.join(",")}/moved-${String(folders++)}`)],
];

for (const [name, urlOf] of engines) {
  test.skipIf(urlOf === undefined)(`a store moves to ${name} and back, and what was cut short is not served`, { timeout: 60_000 }, async () => {
    if (urlOf === undefined) return;
    const from = configOf();
    const revision = await filled(from);
    const url = await urlOf();
    const running = await openAt(from);
    await expect(run(from, `storage migrate ${url}`)).rejects.toThrow(/in use by process/);
    await running.close();

    const there = configOf(`database.url=${url}`);
    const cut = await openImport(storeLocation(there), systemClock);
    await cut.put([{ key: "/half", value: bytes("1"), revision: 2n }]);
    await cut.close();
    await expect(openAt(there)).rejects.toThrow(/run that again/);

    const { lines, progress } = await run(from, `storage migrate ${url}`);
    expect(lines.join()).toContain("31 entries went from");
    expect(lines.join()).not.toContain("password");
    expect(progress).toContain("31/31 (100 %)");
    const keepsRevisions = name !== "etcd";
    expect(await stateOf(there, keepsRevisions)).toEqual(await stateOf(from, keepsRevisions));
    const store = await openAt(there);
    if (keepsRevisions) expect(await store.revision()).toBe(revision);
    expect(await store.get(incompleteKey)).toBeUndefined();
    await store.put("/new", bytes("there"), { expected: 0n });
    await store.close();
    await expect(run(from, `storage migrate ${url}`)).rejects.toThrow(/is not empty/);
    expect((await run(there, "storage verify")).lines.join()).toContain("is whole: 32 entries");

    const back = configOf();
    await run(there, `storage migrate sqlite3://${path.join(back.dataPath, "dataplane.db")}`);
    expect(await stateOf(back, keepsRevisions)).toEqual(await stateOf(there, keepsRevisions));
    const file = path.join(root, `${name}.backup`);
    await run(there, `storage backup ${file}`);
    expect((await run(there, `storage verify ${file}`)).lines.join()).toContain("is whole: 32 entries");
  });
}

test("a damaged value is found by verify, by its key", async () => {
  const config = configOf();
  await filled(config);
  const location = storeLocation(config);
  if (location.engine !== "sqlite3") throw new Error("not a file");
  const content = readFileSync(location.path);
  // SQLite leaves copies of rows that it moved where nobody reads them.
  for (let at = content.indexOf("value 17"); at >= 0; at = content.indexOf("value 17", at)) content[at] = 0x56;
  writeFileSync(location.path, content);
  const lines: string[] = [];
  await expect(run(config, "storage verify", undefined, (line) => lines.push(line))).rejects.toThrow(/1 findings/);
  expect(lines.join()).toContain('"/things/17"');
  await expect(run(config, `storage backup ${path.join(root, "damaged.backup")}`)).rejects.toThrow(/things\/17/);
});

test("words and options that make no command are refused", () => {
  for (const words of [
    ...[
      "storage",
      "storage backup",
      "storage backup a b",
      "storage backup f --at 3",
      "storage restore f --follow",
      "storage restore f --at yesterday",
    ],
    ...["storage migrate", "storage migrate u --keys", "storage verify f --keys", "storage compact"],
  ])
    expect(() => parseCommandLine(words.split(" ")), words).toThrow(/unknown command/);
  expect(parseCommandLine("storage restore f --at 2026-11-25T10:00:00+02:00 --keys".split(" "))).toMatchObject({
    name: "storage restore",
    at: { time: new Date("2026-11-25T08:00:00Z") },
    keys: true,
    keepRevision: false,
  });
});
