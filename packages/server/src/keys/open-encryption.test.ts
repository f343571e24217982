import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { addSealingKey } from "@dataplane/datasources";
import { silentLogger, systemClock } from "@dataplane/meta";
import { createMemoryStore, type Store } from "@dataplane/storage";
import { sealedBy } from "@dataplane/storage-encryption";
import { expect, onTestFinished, test } from "vitest";
import { rotateKeys } from "./key-commands.js";
import { type OpenedEncryption, openEncryption } from "./open-encryption.js";
import { proveSealingKeys } from "./prove-sealing-keys.js";

function folder(): string {
  const made = mkdtempSync(path.join(tmpdir(), "dataplane-encryption-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

const open = (store: Store, keyDirectory: string, encryptionConfig = ""): Promise<OpenedEncryption> =>
  openEncryption({ config: { encryptionConfig }, root: keyDirectory, keyDirectory, store, clock: systemClock, logger: silentLogger, lookMs: 20 });

/** Follows the file until the test ends. */
function follow(encryption: OpenedEncryption): void {
  const stop = new AbortController();
  const running = encryption.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await running;
  });
}

const at = "/core/secrets/default/a";
const value = Buffer.from('{"metadata":{"name":"a"}}');
const keyOf = async (store: Store, key = at): Promise<string | undefined> => sealedBy((await store.get(key))?.value ?? value)?.keyName;

test("without a file Secrets are sealed under a key of the server's own", async () => {
  const [store, directory] = [createMemoryStore(), folder()];
  const { store: clear } = await open(store, directory);
  await clear.put(at, value, { expected: 0n });
  expect(await keyOf(store)).toBe("key1");
  expect(statSync(path.join(directory, "encryption.yaml")).mode & 0o777).toBe(0o600);
  await (await open(store, directory)).store.get(at);
  rmSync(path.join(directory, "encryption.yaml"));
  await expect(open(store, directory)).rejects.toThrow(/encryption.yaml is gone, and stored values are sealed under its keys/);
  expect(readdirSync(directory)).toEqual([]);
});

test("a relative file counts from the root; one that is not there, or wrong, is named", async () => {
  const [store, directory] = [createMemoryStore(), folder()];
  await expect(open(store, directory, "my.yaml")).rejects.toThrow(/encryption_provider_config: .*my.yaml/);
  writeFileSync(path.join(directory, "my.yaml"), "kind: EncryptionConfiguration\napiVersion: v1\n");
  await expect(open(store, directory, "my.yaml")).rejects.toThrow(/my.yaml: apiVersion: expected apiserver.config.k8s.io\/v1/);
  expect(await store.revision()).toBe(1n);
});

test("keys are rotated by a command: the next one opens before it seals, and what is stored is rewritten", async () => {
  const [store, directory] = [createMemoryStore(), folder()];
  const encryption = await open(store, directory);
  follow(encryption);
  await proveSealingKeys(directory, store);
  await encryption.store.put(at, value, { expected: 0n });
  let between = "";
  const settle = async (): Promise<void> => {
    between = readFileSync(path.join(directory, "encryption.yaml"), "utf8");
    await new Promise((resolve) => setTimeout(resolve, 100));
    await encryption.store.put("/core/secrets/default/between", value, { expected: 0n });
  };
  await rotateKeys({ encryptionConfig: "" }, { directory, settle });
  expect(between.indexOf("key1")).toBeLessThan(between.indexOf("key2"));
  await expect.poll(() => keyOf(store)).toBe("key2");
  await expect.poll(() => keyOf(store, "/core/secrets/default/between")).toBe("key2");
  await proveSealingKeys(directory, store);
  // By hand it is no longer the server's to change.
  writeFileSync(
    path.join(directory, "encryption.yaml"),
    readFileSync(path.join(directory, "encryption.yaml"), "utf8").replace("secrets", "configmaps"),
  );
  await expect(rotateKeys({ encryptionConfig: "" }, { directory, settle })).rejects.toThrow(/was changed by hand/);
});

test("keys for secure values that are gone, or others, refuse to start and are not made anew", async () => {
  const [store, directory] = [createMemoryStore(), folder()];
  await proveSealingKeys(directory, store);
  await proveSealingKeys(directory, store);
  const file = path.join(directory, "secrets.key");
  const right = readFileSync(file, "utf8");
  const before = await store.revision();
  rmSync(file);
  await expect(proveSealingKeys(directory, store)).rejects.toThrow(/secrets.key is gone, and stored secure values are sealed under its keys/);
  expect(readdirSync(directory)).toEqual([]);
  writeFileSync(file, Buffer.alloc(32, 3).toString("base64"));
  await expect(proveSealingKeys(directory, store)).rejects.toThrow(/secrets.key does not have the key/);
  writeFileSync(file, right);
  addSealingKey(directory, Buffer.alloc(32, 4), "first");
  await proveSealingKeys(directory, store);
  expect(await store.revision()).toBe(before);
});
