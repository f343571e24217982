import { type Clock, silentLogger, systemClock } from "@dataplane/meta";
import { createMemoryStore, RevisionCompacted, type Store, StoreDamaged } from "@dataplane/storage";
import { describeStore } from "@dataplane/storage/conformance";
import { expect, test } from "vitest";
import { EncryptionAtRest } from "./encryption-at-rest.js";
import { parseEncryptionConfiguration } from "./encryption-configuration.js";
import { EncryptionRules } from "./encryption-rules.js";
import { isSealed, sealedBy } from "./value-cipher.js";

const secretOf = (seed: number): string => Buffer.alloc(32, seed).toString("base64");

interface RuleText {
  readonly resources: readonly string[];
  readonly providers: readonly object[];
}

const rules = (...resources: readonly RuleText[]): EncryptionRules =>
  new EncryptionRules(
    parseEncryptionConfiguration(JSON.stringify({ kind: "EncryptionConfiguration", apiVersion: "apiserver.config.k8s.io/v1", resources })),
  );

/** Keys by name and seed, the first one writes; what is in clear is taken too. */
const secretsBy = (...keys: readonly (readonly [string, number])[]): EncryptionRules =>
  rules({
    resources: ["secrets"],
    providers: [{ aesgcm: { keys: keys.map(([name, seed]) => ({ name, secret: secretOf(seed) })) } }, { identity: {} }],
  });

const open = (store: Store, current: EncryptionRules): Promise<EncryptionAtRest> =>
  EncryptionAtRest.open({ store, rules: current, clock: systemClock, logger: silentLogger });

const json = (name: string): Uint8Array => Buffer.from(JSON.stringify({ metadata: { name } }));
const text = (value: Uint8Array | undefined): string => Buffer.from(value ?? []).toString();
const key = (name: string): string => `/core/secrets/default/${name}`;

/** Waits a hundredth of what it is told. */
const quick: Clock["sleep"] = (ms, signal) => systemClock.sleep(ms / 100, signal);

/** Runs the rewriting until nothing is stored in another way. */
async function rewritten(encryption: EncryptionAtRest, store: Store): Promise<void> {
  const stop = new AbortController();
  const running = encryption.run(stop.signal);
  await expect.poll(async () => (await store.list("/core/")).entries.filter((it) => encryption.current.isOutdated(it.key, it.value)).length).toBe(0);
  await expect.poll(async () => text((await store.get("/dataplane/encryption/rewritten"))?.value)).not.toBe("");
  stop.abort();
  await running;
}

describeStore("encrypted", async () => {
  const all = rules({ resources: ["*.*"], providers: [{ aesgcm: { keys: [{ name: "key1", secret: secretOf(1) }] } }] });
  return (await open(createMemoryStore(), all)).store;
});

test("chosen resources are sealed below and in clear above; others are stored as they are", async () => {
  const inner = createMemoryStore();
  const { store } = await open(inner, secretsBy(["key1", 1]));
  await store.put(key("a"), json("a"), { expected: 0n });
  await store.put("/core/configmaps/default/a", json("a"), { expected: 0n });
  expect(text((await inner.get(key("a")))?.value)).toMatch(/^dataplane:enc:aesgcm:v1:key1:/);
  expect(text((await inner.get("/core/configmaps/default/a"))?.value)).toBe(text(json("a")));
  expect(text((await store.get(key("a")))?.value)).toBe(text(json("a")));
  expect((await store.list("/")).entries.map((entry) => [entry.key, text(entry.value)])).toEqual([
    ["/core/configmaps/default/a", text(json("a"))],
    [key("a"), text(json("a"))],
  ]);
});

test("a resource is found by its group; the first list that names it counts, wildcards too", () => {
  const keyed = (name: string): object => ({ secretbox: { keys: [{ name, secret: secretOf(1) }] } });
  const made = rules(
    { resources: ["events"], providers: [{ identity: {} }] },
    { resources: ["secrets", "pandas.awesome.bears.example", "datasources.prometheus.datasource.grafana.app"], providers: [keyed("one")] },
    { resources: ["*.apps"], providers: [keyed("apps")] },
    { resources: ["*."], providers: [keyed("core")] },
    { resources: ["*.*"], providers: [keyed("all")] },
  );
  const by = (storeKey: string): string | undefined => made.writerOf(storeKey)?.keyName;
  expect(by("/events/default/a")).toBeUndefined();
  expect(by("/core/secrets/default/a")).toBe("one");
  expect(by("/awesome.bears.example/pandas/default/a")).toBe("one");
  expect(by("/datasources/default/a")).toBe("one");
  expect(by("/apps/deployments/default/a")).toBe("apps");
  expect(by("/core/configmaps/default/a")).toBe("core");
  expect(by("/core/secretsx/default/a")).toBe("core");
  expect(by("/other.example/things/a")).toBe("all");
});

test("keys are rotated: the new one writes, the old ones read until all is rewritten, then they may go", async () => {
  const inner = createMemoryStore();
  const encryption = await open(inner, secretsBy(["key1", 1]));
  for (let index = 0; index < 50; index += 1) await encryption.store.put(key(`a${String(index)}`), json("a"), { expected: 0n });
  await expect(encryption.replace(secretsBy(["key2", 2]))).rejects.toThrow(
    /the key key1 \(aesgcm\) is not among the keys, but is the one that 50 stored values are sealed under \(first: \/core\/secrets\/default\/a0\)/,
  );
  expect(encryption.current.writers[0]?.keyName).toBe("key1");
  await encryption.replace(secretsBy(["key2", 2], ["key1", 1]));
  await encryption.store.put(key("new"), json("new"), { expected: 0n });
  expect(sealedBy((await inner.get(key("new")))?.value ?? json(""))).toEqual({ provider: "aesgcm", keyName: "key2" });
  expect((await encryption.store.list("/")).entries.filter(({ damage }) => damage !== undefined)).toEqual([]);
  await rewritten(encryption, inner);
  await encryption.replace(secretsBy(["key2", 2]));
  const again = await open(inner, secretsBy(["key2", 2]));
  expect((await again.store.list("/")).entries).toHaveLength(51);
  await expect(open(inner, secretsBy(["key1", 1]))).rejects.toThrow(/key2 \(aesgcm\)/);
});

test("a store in clear is sealed in the background, and is in clear again when nothing is to be encrypted", async () => {
  const inner = createMemoryStore();
  await inner.put(key("a"), json("a"), { expected: 0n });
  const encryption = await open(inner, secretsBy(["key1", 1]));
  expect(text((await encryption.store.get(key("a")))?.value)).toBe(text(json("a")));
  await rewritten(encryption, inner);
  expect(isSealed((await inner.get(key("a")))?.value ?? json(""))).toBe(true);
  const clear = await open(
    inner,
    rules({ resources: ["configmaps"], providers: [{ identity: {} }, { aesgcm: { keys: [{ name: "key1", secret: secretOf(1) }] } }] }),
  );
  expect(text((await clear.store.get(key("a")))?.value)).toBe(text(json("a")));
  await rewritten(clear, inner);
  expect(text((await inner.get(key("a")))?.value)).toBe(text(json("a")));
});

test("a key with another secret refuses before anything is written", async () => {
  const inner = createMemoryStore();
  await (await open(inner, secretsBy(["key1", 1]))).store.put(key("a"), json("a"), { expected: 0n });
  const before = await inner.revision();
  await expect(open(inner, secretsBy(["key1", 3]))).rejects.toThrow(
    /the key key1 \(aesgcm\) has another secret than the one that 1 stored value is sealed under \(first: \/core\/secrets\/default\/a\)/,
  );
  expect(await inner.revision()).toBe(before);
});

test("a value in clear is refused where identity is not among the providers", async () => {
  const inner = createMemoryStore();
  await inner.put(key("planted"), json("planted"), { expected: 0n });
  const { store } = await open(inner, rules({ resources: ["secrets"], providers: [{ aesgcm: { keys: [{ name: "key1", secret: secretOf(1) }] } }] }));
  await expect(store.get(key("planted"))).rejects.toThrow(/identity is not among the providers/);
});

test("a damaged value is named, and keeps nobody from the others", async () => {
  const inner = createMemoryStore();
  const { store } = await open(inner, secretsBy(["key1", 1]));
  const good = await store.put(key("good"), json("good"), { expected: 0n });
  const sealed = (await inner.get(key("good")))?.value ?? new Uint8Array();
  // Moved from where it was sealed.
  await inner.put(key("bad"), sealed, { expected: 0n });
  await expect(store.get(key("bad"))).rejects.toBeInstanceOf(StoreDamaged);
  await expect(store.get(key("bad"))).rejects.toMatchObject({ key: key("bad") });
  const { entries } = await store.list("/");
  expect(entries.map((entry) => [entry.key, entry.damage?.key])).toEqual([
    [key("bad"), key("bad")],
    [key("good"), undefined],
  ]);
  for await (const change of store.watch("/", good.revision, AbortSignal.timeout(15_000))) {
    if (change.type !== "put") continue;
    expect(change.entry).toMatchObject({ key: key("bad"), damage: { key: key("bad") } });
    break;
  }
});

test("a watch that gave a value which no key opened has to be read again once there is another key", async () => {
  const inner = createMemoryStore();
  const [mine, other] = [await open(inner, secretsBy(["key1", 1])), await open(inner, secretsBy(["key1", 1]))];
  await other.replace(secretsBy(["key2", 2], ["key1", 1]));
  const since = await inner.revision();
  await other.store.put(key("a"), json("a"), { expected: 0n });
  const seen: string[] = [];
  const watching = (async (): Promise<void> => {
    for await (const change of mine.store.watch("/", since, AbortSignal.timeout(15_000)))
      if (change.type === "put") seen.push(change.entry.damage === undefined ? "opened" : "damaged");
  })();
  await expect.poll(() => seen).toEqual(["damaged"]);
  const replaced = mine.replace(secretsBy(["key2", 2], ["key1", 1]));
  await expect(watching).rejects.toBeInstanceOf(RevisionCompacted);
  await replaced;
  expect(text((await mine.store.list("/")).entries[0]?.value)).toBe(text(json("a")));
});

test("what the store keeps for itself is not seen, and moves revisions on", async () => {
  const inner = createMemoryStore();
  const { store } = await open(inner, secretsBy(["key1", 1]));
  const since = await inner.revision();
  const { revision } = await inner.put("/dataplane/keys/x", json("x"), { expected: 0n });
  expect((await store.list("/")).entries).toEqual([]);
  expect((await store.list("/", { limit: 1 })).entries).toEqual([]);
  expect((await store.list("/dataplane/")).entries).toEqual([]);
  expect(await store.get("/dataplane/keys/x")).toBeUndefined();
  for await (const change of store.watch("/", since, AbortSignal.timeout(15_000))) {
    expect(change).toEqual({ type: "progress", revision });
    break;
  }
});

test("events that are rewritten expire all the same", async () => {
  const inner = createMemoryStore();
  await inner.put("/events/default/a", json("a"), { expected: 0n, ttlSeconds: 60 });
  const given: unknown[] = [];
  const put = inner.put.bind(inner);
  const recording: Store = Object.assign(inner, {
    put: (...call: Parameters<Store["put"]>) => {
      if (call[0].startsWith("/events/")) given.push(call[2].ttlSeconds);
      return put(...call);
    },
  });
  const sealing = { secretbox: { keys: [{ name: "key1", secret: secretOf(1) }] } };
  const encryption = await open(recording, rules({ resources: ["events"], providers: [sealing, { identity: {} }] }));
  const stop = new AbortController();
  const running = encryption.run(stop.signal);
  await expect.poll(async () => isSealed((await inner.get("/events/default/a"))?.value ?? json(""))).toBe(true);
  stop.abort();
  await running;
  expect(given).toEqual([3_600]);
});

test("fifty rotations while objects are written and read: no read fails", async () => {
  const inner = createMemoryStore();
  const encryption = await open(inner, secretsBy(["key0", 1]));
  const stop = new AbortController();
  const running = encryption.run(stop.signal);
  let [reads, failed] = [0, 0];
  const traffic = (async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const name = key(String(reads % 20));
      const found = await encryption.store.get(name);
      await encryption.store.put(name, json(String(reads)), { expected: found?.revision ?? 0n }).catch(() => undefined);
      const { entries } = await encryption.store.list("/");
      reads += 1;
      if (entries.some(({ damage }) => damage !== undefined)) failed += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  for (let round = 1; round <= 50; round += 1) {
    const [before, next] = [
      [`key${String(round - 1)}`, round],
      [`key${String(round)}`, round + 1],
    ] as const;
    await encryption.replace(secretsBy(next, before));
    await expect
      .poll(async () => (await inner.list("/core/")).entries.every((it) => !encryption.current.isOutdated(it.key, it.value)), { interval: 2 })
      .toBe(true);
    await encryption.replace(secretsBy(next));
  }
  stop.abort();
  await Promise.all([traffic, running]);
  expect(reads).toBeGreaterThan(50);
  expect(failed).toBe(0);
});

test("of servers that share a store one at a time rewrites it, and all come to an end", async () => {
  const inner = createMemoryStore();
  await inner.put("/core/secrets/default/a", json("a"), { expected: 0n });
  const stop = new AbortController();
  const servers = await Promise.all(
    Array.from({ length: 3 }, () =>
      EncryptionAtRest.open({
        store: inner,
        rules: secretsBy(["key1", 1]),
        isShared: true,
        clock: { ...systemClock, sleep: quick },
        logger: silentLogger,
      }),
    ),
  );
  const claims: string[] = [];
  const watching = (async (): Promise<void> => {
    for await (const change of inner.watch("/dataplane/encryption/rewriting", 1n, stop.signal))
      if (change.type !== "progress" && change.type !== claims.at(-1)) claims.push(change.type);
  })();
  const running = servers.map((server) => server.run(stop.signal));
  // Put, perhaps renewed, and deleted by each in its turn.
  await expect.poll(() => claims.length).toBe(6);
  expect(claims).toEqual(["put", "delete", "put", "delete", "put", "delete"]);
  expect(isSealed((await inner.get("/core/secrets/default/a"))?.value ?? json(""))).toBe(true);
  stop.abort();
  await Promise.all([...running, watching]);
});
