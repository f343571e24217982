import { readFileSync } from "node:fs";
import path from "node:path";
import { silentLogger, systemClock } from "@dataplane/meta";
import { createMemoryStore, StoreUnavailable } from "@dataplane/storage";
import { expect, onTestFinished, test } from "vitest";
import { EncryptionAtRest } from "../encryption-at-rest.js";
import { parseEncryptionConfiguration } from "../encryption-configuration.js";
import { EncryptionRules } from "../encryption-rules.js";
import { startKms, type TestKms } from "../testing/kms-server.js";
import { kmsCipher } from "./kms-cipher.js";
import { openKmsPlugin } from "./kms-plugin.js";

const recorded = JSON.parse(readFileSync(path.join(import.meta.dirname, "..", "testing", "kube-apiserver-values.json"), "utf8")) as {
  readonly configuration: string;
  readonly values: Readonly<Record<string, string>>;
};

async function start(): Promise<TestKms> {
  const kms = await startKms();
  onTestFinished(() => kms.stop());
  return kms;
}

const rulesOf = ({ socket }: TestKms): EncryptionRules =>
  new EncryptionRules(
    parseEncryptionConfiguration(
      JSON.stringify({
        kind: "EncryptionConfiguration",
        apiVersion: "apiserver.config.k8s.io/v1",
        resources: [
          {
            resources: ["secrets"],
            providers: [{ kms: { apiVersion: "v2", name: "plugin", endpoint: `unix://${socket}`, timeout: "500ms" } }, { identity: {} }],
          },
        ],
      }),
    ),
  );

const open = (kms: TestKms, store = createMemoryStore()): Promise<EncryptionAtRest> =>
  EncryptionAtRest.open({ store, rules: rulesOf(kms), clock: systemClock, logger: silentLogger });

const at = "/core/secrets/default/a";
const plain = Buffer.from('{"metadata":{"name":"a"}}');
const text = (value: Uint8Array | undefined): string => Buffer.from(value ?? []).toString();

test.each(Object.entries(recorded.values))("what kube-apiserver stored at %s opens", async (key, value) => {
  const kms = await start();
  const rules = new EncryptionRules(parseEncryptionConfiguration(recorded.configuration.replace("/SOCKET", kms.socket)));
  // Kubernetes' protobuf, which has its kind in front.
  const opened = Buffer.from(await rules.open(key, Buffer.from(value, "base64")));
  expect(opened.subarray(0, 4).toString()).toBe("k8s\0");
  expect(opened.includes("canary-in-kube")).toBe(true);
});

test("values are sealed under a seed that the plugin seals, and asks it seldom", async () => {
  const kms = await start();
  const inner = createMemoryStore();
  const { store } = await open(kms, inner);
  const { revision } = await store.put(at, plain, { expected: 0n });
  for (let index = 0; index < 50; index += 1) await store.put(`${at}${String(index)}`, plain, { expected: 0n });
  expect(text((await inner.get(at))?.value)).toMatch(/^k8s:enc:kms:v2:plugin:/);
  expect(Buffer.from((await inner.get(at))?.value ?? []).includes("metadata")).toBe(false);
  expect((await store.get(at))?.revision).toBe(revision);
  expect(kms.calls).toEqual({ status: 1, encrypt: 1, decrypt: 0 });
  const again = await open(kms, inner);
  expect((await again.store.list("/")).entries.map(({ value }) => text(value))).toEqual(Array.from({ length: 51 }, () => text(plain)));
  expect(kms.calls.decrypt).toBe(1);
});

test("another key of the plugin makes another seed within a minute, and what the old one sealed is rewritten", async () => {
  const kms = await start();
  let now = 0;
  const cipher = kmsCipher({ name: "plugin", plugin: openKmsPlugin({ name: "plugin", socket: kms.socket, timeoutMs: 1_000 }), now: () => now });
  const old = await cipher.seal(plain, at);
  kms.words = ["second-word", "first-word"];
  expect(cipher.isStale?.(await cipher.seal(plain, at))).toBe(false);
  now += 61_000;
  const next = await cipher.seal(plain, at);
  expect([cipher.isStale?.(old), cipher.isStale?.(next)]).toEqual([true, false]);
  for (const sealed of [old, next]) expect(text(await cipher.open(sealed, at))).toBe(text(plain));
});

test("a plugin that is away does not make values damaged: reads and writes may be tried again", async () => {
  const kms = await start();
  const inner = createMemoryStore();
  const first = await open(kms, inner);
  await first.store.put(at, plain, { expected: 0n });
  const second = await open(kms, inner);
  await kms.stop();
  await expect(second.store.get(at)).rejects.toBeInstanceOf(StoreUnavailable);
  await expect(second.store.list("/")).rejects.toThrow(/the kms plugin plugin at .* does not answer/);
  await expect(open(kms, inner)).rejects.toBeInstanceOf(StoreUnavailable);
  // The seed is known: what it sealed can be read, and it seals for a while.
  expect(text((await first.store.get(at))?.value)).toBe(text(plain));
  await kms.start();
  await expect.poll(() => second.store.get(at).then((entry) => text(entry?.value), String)).toBe(text(plain));
});

test("without an answer for three minutes nothing is sealed any more", async () => {
  const kms = await start();
  let now = 0;
  const cipher = kmsCipher({ name: "plugin", plugin: openKmsPlugin({ name: "plugin", socket: kms.socket, timeoutMs: 300 }), now: () => now });
  await cipher.seal(plain, at);
  kms.health = "the HSM is on fire";
  now = 100_000;
  await cipher.seal(plain, at);
  now = 181_000;
  await expect(Promise.resolve(cipher.seal(plain, at))).rejects.toThrow("the kms plugin plugin is not well: the HSM is on fire");
});

test("a seed that the plugin refuses to open is the value's damage", async () => {
  const kms = await start();
  const inner = createMemoryStore();
  await (await open(kms, inner)).store.put(at, plain, { expected: 0n });
  kms.words = ["other"];
  const { store } = await open(kms, inner);
  await expect(store.get(at)).rejects.toMatchObject({ name: "StoreDamaged", key: at });
  expect((await store.list("/")).entries.map(({ damage }) => damage?.key)).toEqual([at]);
});
