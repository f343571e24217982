import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { silentLogger, systemClock } from "@dataplane/meta";
import { createMemoryStore, type Store } from "@dataplane/storage";
import { expect, onTestFinished, test } from "vitest";
import { changePassword, listUsers } from "../identity/users.js";
import { keyBundles } from "./key-bundles.js";
import { changeSecretKey } from "./root-key.js";
import { SharedKeys } from "./shared-keys.js";

const secretKey = "a secret key of thirty-two characters";
const names = ["ca.crt", "ca.key", "client-ca.key", "encryption.yaml", "front-proxy-ca.key", "secrets.key", "token-signing.key", "users.json"];

function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), "dataplane-shared-keys-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

function open(store: Store, directory: string, secret = secretKey): Promise<SharedKeys> {
  const config = { adminUser: "admin", adminPassword: "admin", encryptionConfig: "" };
  const bundles = keyBundles({ config, directory, store, clock: systemClock });
  return SharedKeys.open({ store, secretKey: secret, directory, bundles, clock: systemClock, logger: silentLogger, lookMs: 20 });
}

const read = (directory: string, file: string): string => readFileSync(path.join(directory, file), "utf8");
const same = (one: string, other: string): boolean => names.every((name) => read(one, name) === read(other, name));

/** Follows until the test ends. */
function follow(keys: SharedKeys): void {
  const stop = new AbortController();
  const running = keys.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
}

test("servers that start at once end with the same keys, which lie sealed in the store", async () => {
  const store = createMemoryStore();
  const folders = [folder(), folder(), folder()];
  await Promise.all(folders.map((directory) => open(store, directory)));
  const [first = "", ...others] = folders;
  for (const other of others) expect(same(first, other)).toBe(true);
  expect(statSync(path.join(first, "users.json")).mode & 0o777).toBe(0o600);
  expect(statSync(path.join(first, "ca.key")).mode & 0o777).toBe(0o600);
  const stored = (await store.list("/")).entries.map(({ value }) => Buffer.from(value).toString("latin1")).join("\n");
  expect(stored).not.toContain("PRIVATE KEY");
  expect(stored).not.toContain(read(first, "secrets.key").trim());
  expect((await store.list("/")).entries.every(({ key }) => key.startsWith("/dataplane/keys/"))).toBe(true);
});

test("a wrong secret_key is refused, and changes neither store nor folder", async () => {
  const store = createMemoryStore();
  await open(store, folder());
  const before = await store.revision();
  const directory = folder();
  await expect(open(store, directory, "another secret key of thirty-two chars")).rejects.toThrow("[security] secret_key is not the one");
  expect(await store.revision()).toBe(before);
  expect(readdirSync(directory)).toEqual([]);
});

test("the secret_key can be changed: keys stay, and the old one opens no longer", async () => {
  const store = createMemoryStore();
  const [one, other] = [folder(), folder()];
  await open(store, one);
  const next = "the next secret key, of enough characters";
  await expect(changeSecretKey(store, next, next)).rejects.toThrow("secret_key is not the one");
  await changeSecretKey(store, secretKey, next);
  await expect(open(store, folder())).rejects.toThrow("secret_key is not the one");
  await open(store, other, next);
  expect(same(one, other)).toBe(true);
});

test("keys that a folder had from before are kept aside when the store has others", async () => {
  const [store, otherStore] = [createMemoryStore(), createMemoryStore()];
  const [one, other] = [folder(), folder()];
  await open(store, one);
  await open(otherStore, other);
  const old = read(other, "secrets.key");
  await open(store, other);
  expect(same(one, other)).toBe(true);
  const asides = readdirSync(other).filter((name) => name.startsWith("replaced-"));
  expect(asides.map((aside) => path.join(other, aside, "secrets.key")).some((file) => existsSync(file) && readFileSync(file, "utf8") === old)).toBe(
    true,
  );
});

test("the keys of a first server that ran alone are those that all have", async () => {
  const [one, other] = [folder(), folder()];
  await open(createMemoryStore(), one);
  const before = names.map((name) => read(one, name));
  const store = createMemoryStore();
  await open(store, one);
  await open(store, other);
  expect(names.map((name) => read(other, name))).toEqual(before);
  expect(readdirSync(one).some((name) => name.startsWith("replaced-"))).toBe(false);
});

test("a password that is changed at one server reaches the others, and a command that publishes reaches all", async () => {
  const store = createMemoryStore();
  const folders = [folder(), folder()] as const;
  for (const directory of folders) follow(await open(store, directory));
  await changePassword({ directory: folders[0], name: "admin", password: "one" });
  await expect.poll(() => read(folders[1], "users.json")).toBe(read(folders[0], "users.json"));
  const command = folder();
  const keys = await open(store, command);
  await changePassword({ directory: command, name: "admin", password: "two" });
  await keys.publish();
  for (const directory of folders) await expect.poll(() => read(directory, "users.json")).toBe(read(command, "users.json"));
  expect(listUsers(folders[1])).toEqual([{ name: "admin", groups: ["dataplane:admin"] }]);
});

test("of two changes at once one wins, and all end with it", async () => {
  const store = createMemoryStore();
  const folders = [folder(), folder()] as const;
  const all = await Promise.all(folders.map((directory) => open(store, directory)));
  writeFileSync(path.join(folders[0], "secrets.key"), "one\n");
  writeFileSync(path.join(folders[1], "secrets.key"), "two\n");
  await Promise.all(all.map((keys) => keys.publish()));
  for (const keys of all) follow(keys);
  await expect.poll(() => read(folders[0], "secrets.key") === read(folders[1], "secrets.key")).toBe(true);
});

test("a damaged record is named, and nothing is overwritten", async () => {
  const store = createMemoryStore();
  const directory = folder();
  await open(store, directory);
  const before = read(directory, "secrets.key");
  const entry = await store.get("/dataplane/keys/secrets");
  const damaged = Buffer.from(entry?.value ?? []);
  damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
  await store.put("/dataplane/keys/secrets", damaged, { expected: entry?.revision ?? 0n });
  await expect(open(store, directory)).rejects.toThrow("the record /dataplane/keys/secrets of this database is damaged");
  expect(read(directory, "secrets.key")).toBe(before);
});
