import { type Change, OutcomeUnknown, RevisionCompacted, RevisionFuture, StoreReadOnly, StoreUnavailable, ValueTooLarge } from "@dataplane/storage";
import { afterEach, describe, expect, test } from "vitest";
import { openEtcdStore } from "./index.js";
import { startCutProxy } from "./testing/cut-proxy.js";
import { findEtcd, type StartEtcdOptions, startEtcd, type TestEtcd } from "./testing/etcd.js";
import { nextWrite } from "./testing/next-write.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const signal = (): AbortSignal => AbortSignal.timeout(20_000);

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(options: StartEtcdOptions = {}): Promise<TestEtcd> {
  const etcd = await startEtcd(options);
  if (etcd === undefined) throw new Error("etcd is not here");
  cleanups.push(() => etcd.stop());
  return etcd;
}

async function open(etcd: TestEtcd, prefix = "/dataplane") {
  const store = await openEtcdStore({ hosts: etcd.hosts, prefix });
  cleanups.push(() => store.close());
  return store;
}

async function openCuttable(etcd: TestEtcd) {
  const proxy = await startCutProxy(etcd.hosts[0] ?? "");
  cleanups.push(() => proxy.close());
  const store = await openEtcdStore({ hosts: [proxy.host], prefix: "/dataplane" });
  cleanups.push(() => store.close());
  return { proxy, store };
}

async function eventually(check: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 15_000;
  while (!(await check())) {
    if (performance.now() > end) throw new Error("it did not come true");
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

describe.skipIf(findEtcd() === undefined)("an etcd that fails", { timeout: 60_000 }, () => {
  test("is waited for by watches, while reads and writes say that it is away, and all goes on when it is back", async () => {
    const etcd = await start();
    const store = await open(etcd);
    const first = await store.put("/a", bytes("1"), { expected: 0n });
    const watch = store.watch("/", first.revision, signal())[Symbol.asyncIterator]();
    const next = nextWrite(watch);
    await etcd.kill();
    await expect(store.get("/a")).rejects.toThrow(StoreUnavailable);
    await expect(store.put("/b", bytes("1"), { expected: 0n })).rejects.toThrow(StoreUnavailable);
    expect(store.health()).toMatchObject({ readable: false, writable: false });
    const begun = store.watch("/", first.revision, signal())[Symbol.asyncIterator]();
    const alsoNext = nextWrite(begun);
    await etcd.restart();
    await eventually(() => store.health().readable);
    const { revision } = await store.put("/b", bytes("1"), { expected: 0n });
    expect(await next).toMatchObject({ entry: { key: "/b", revision } });
    expect(await alsoNext).toMatchObject({ entry: { key: "/b", revision } });
  });

  test("that says no one is away at opening: StoreUnavailable, and nobody waits for ever", async () => {
    const began = performance.now();
    await expect(openEtcdStore({ hosts: ["127.0.0.1:1"], prefix: "/x" })).rejects.toThrow(StoreUnavailable);
    // It gives up after 5 s.
    expect(performance.now() - began).toBeLessThan(20_000);
  });

  test("compacted by others: old readers list again, and new ones go on", async () => {
    const etcd = await start();
    const store = await open(etcd);
    const first = await store.put("/a", bytes("1"), { expected: 0n });
    const second = await store.put("/a", bytes("2"), { expected: first.revision });
    const third = await store.put("/a", bytes("3"), { expected: second.revision });
    await etcd.admin("/v3/kv/compaction", { revision: String(third.revision) });
    await expect(store.list("/", { at: first.revision })).rejects.toMatchObject({ name: "RevisionCompacted", oldest: third.revision });
    await expect(nextWrite(store.watch("/", first.revision, signal())[Symbol.asyncIterator]())).rejects.toThrow(RevisionCompacted);
    const next = nextWrite(store.watch("/", third.revision, signal())[Symbol.asyncIterator]());
    await store.delete("/a", third.revision);
    expect(await next).toMatchObject({ type: "delete", key: "/a", previous: { value: bytes("3") } });
  });

  test("compacted while the connection was gone: watches are told to list again, and new ones go on", async () => {
    const etcd = await start();
    const { proxy, store } = await openCuttable(etcd);
    const other = await open(etcd);
    let at = (await store.put("/a", bytes("1"), { expected: 0n })).revision;
    const told = expect(nextWrite(store.watch("/", at, signal())[Symbol.asyncIterator]())).rejects.toThrow(RevisionCompacted);
    proxy.cut();
    for (let count = 0; count < 5; count += 1) at = (await other.put("/a", bytes("x"), { expected: at })).revision;
    await etcd.admin("/v3/kv/compaction", { revision: String(at) });
    proxy.heal();
    await told;
    const next = nextWrite(store.watch("/", await store.revision(), signal())[Symbol.asyncIterator]());
    await store.put("/b", bytes("1"), { expected: 0n });
    expect(await next).toMatchObject({ entry: { key: "/b" } });
  });

  test("without space is read-only until its alarm is disarmed, and needs no restart", async () => {
    const etcd = await start({ quota: 4 * 1024 * 1024 });
    const store = await open(etcd);
    const large = new Uint8Array(512 * 1024);
    let revision = 0n;
    const fill = async (): Promise<void> => {
      for (let count = 0; count < 64; count += 1) revision = (await store.put("/large", large, { expected: revision })).revision;
    };
    // etcd refuses the write that fills it, and may have done it all the same.
    const refused = await fill().catch((thrown: unknown) => thrown);
    const kept = (await store.get("/large"))?.revision ?? 0n;
    if (kept === revision) expect(refused).toBeInstanceOf(StoreReadOnly);
    else expect(refused).toBeInstanceOf(OutcomeUnknown);
    revision = kept;
    expect(store.health()).toMatchObject({ readable: true, writable: false });
    await expect(store.put("/b", bytes("1"), { expected: 0n })).rejects.toThrow(StoreReadOnly);
    // What makes room goes on.
    await store.delete("/large", revision);
    await store.compact(await store.revision());
    await etcd.admin("/v3/maintenance/defragment", {});
    const { alarms } = await etcd.admin("/v3/maintenance/alarm", { action: "GET" });
    for (const alarm of alarms as readonly object[]) await etcd.admin("/v3/maintenance/alarm", { action: "DEACTIVATE", ...alarm });
    await eventually(() => store.health().writable);
    await store.put("/b", bytes("1"), { expected: 0n });
  });

  test("in which an administrator removes many keys at once tells watches to list again", async () => {
    const etcd = await start();
    const store = await open(etcd);
    for (const key of ["/a/1", "/a/2", "/a/3", "/b"]) await store.put(key, bytes("1"), { expected: 0n });
    const watching = (async () => {
      const since = await store.revision();
      for await (const _change of store.watch("/", since, signal()));
    })();
    const told = expect(watching).rejects.toThrow(RevisionCompacted);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await etcd.admin("/v3/kv/deleterange", { key: base64("/dataplane/a/"), range_end: base64("/dataplane/a0") });
    await told;
    const { entries, revision } = await store.list("/");
    expect(entries.map(({ key }) => key)).toEqual(["/b"]);
    const next = nextWrite(store.watch("/", revision, signal())[Symbol.asyncIterator]());
    await store.put("/c", bytes("1"), { expected: 0n });
    expect(await next).toMatchObject({ entry: { key: "/c" } });
  });

  test("whose answer to a write is lost leaves the outcome unknown, and a read tells it", async () => {
    const etcd = await start();
    const { proxy, store } = await openCuttable(etcd);
    const first = await store.put("/a", bytes("1"), { expected: 0n });
    const watch = store.watch("/", first.revision, signal())[Symbol.asyncIterator]();
    const next = nextWrite(watch);
    proxy.loseAnswers();
    const writing = expect(store.put("/a", bytes("2"), { expected: first.revision })).rejects.toThrow(OutcomeUnknown);
    await new Promise((resolve) => setTimeout(resolve, 300));
    proxy.cut();
    await writing;
    proxy.heal();
    const read = await store.get("/a");
    expect(read?.value).toEqual(bytes("2"));
    expect(await next).toMatchObject({ entry: { key: "/a", revision: read?.revision } });
    expect(store.health()).toEqual({ readable: true, writable: true });
  });

  test("put back to an earlier state ends watches, and new ones go on from there", async () => {
    const etcd = await start();
    const store = await open(etcd);
    let revision = 0n;
    for (let count = 0; count < 20; count += 1) revision = (await store.put("/a", bytes("1"), { expected: revision })).revision;
    const watching = nextWrite(store.watch("/", revision, signal())[Symbol.asyncIterator]());
    const told = expect(watching).rejects.toThrow(RevisionFuture);
    await etcd.restart(0, { afresh: true });
    await told;
    expect(await store.revision()).toBe(1n);
    const next = nextWrite(store.watch("/", 1n, signal())[Symbol.asyncIterator]());
    await store.put("/b", bytes("1"), { expected: 0n });
    expect(await next).toMatchObject({ entry: { key: "/b", revision: 2n } });
  });

  test("refuses a value that is larger than it takes, and says so", async () => {
    const etcd = await start({ maxRequest: 0 });
    const store = await open(etcd);
    await store.put("/fits", new Uint8Array(1024 * 1024), { expected: 0n });
    await expect(store.put("/large", new Uint8Array(1600 * 1024), { expected: 0n })).rejects.toThrow(ValueTooLarge);
    await expect(store.put("/larger", new Uint8Array(3 * 1024 * 1024), { expected: 0n })).rejects.toThrow(ValueTooLarge);
    expect(store.health()).toEqual({ readable: true, writable: true });
  });

  test("that others use too: their keys are not seen, and their revisions are progress at once", async () => {
    const etcd = await start();
    const store = await open(etcd);
    const seen: Change[] = [];
    const abort = new AbortController();
    const since = await store.revision();
    const watching = (async () => {
      for await (const change of store.watch("/", since, abort.signal)) seen.push(change);
    })();
    await store.put("/a", bytes("1"), { expected: 0n });
    for (const key of ["/dataplane", "/dataplane2/a", "/other/b", "zzz"]) await etcd.admin("/v3/kv/put", { key: base64(key), value: base64("x") });
    const delays: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      await etcd.admin("/v3/kv/put", { key: base64("zzz"), value: base64("y") });
      const revision = await store.revision();
      const began = performance.now();
      await eventually(() => seen.some((change) => change.type === "progress" && change.revision >= revision));
      delays.push(performance.now() - began);
    }
    // The promise is 100 ms, which a busy machine cannot keep each time; by itself etcd tells once in ten minutes.
    expect(delays.toSorted((a, b) => a - b)[2]).toBeLessThan(1000);
    expect(seen.filter(({ type }) => type !== "progress")).toHaveLength(1);
    expect((await store.list("/")).entries).toHaveLength(1);
    expect((await store.list("")).entries).toHaveLength(1);
    expect((await store.list("2")).entries).toHaveLength(0);
    abort.abort();
    await watching;
  });
});
