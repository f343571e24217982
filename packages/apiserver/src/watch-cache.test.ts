import { silentLogger, systemClock } from "@dataplane/meta";
import { type Change, createMemoryStore, RevisionCompacted, RevisionFuture, type Store, StoreDamaged, StoreUnavailable } from "@dataplane/storage";
import { expect, test } from "vitest";
import { WatchCache } from "./watch-cache.js";

const value = (bytes: number): Uint8Array => new TextEncoder().encode(`{"metadata":{"name":"a","x":"${"x".repeat(bytes)}"}}`);

/** A cache that has seen `count` writes of so many bytes, and their revisions. */
async function cacheAfter(count: number, bytes: number, options: { readonly history?: number; readonly historyBytes?: number }) {
  const store = createMemoryStore();
  const cache = new WatchCache({ store, clock: systemClock, logger: silentLogger, ...options });
  const stop = new AbortController();
  await cache.start(stop.signal);
  const revisions: bigint[] = [];
  for (let index = 0; index < count; index++) revisions.push((await store.put("/a", value(bytes), { expected: revisions.at(-1) ?? 0n })).revision);
  await cache.fresh();
  stop.abort();
  const since = (index: number): number => cache.subscribe(revisions[index] ?? 0n, () => undefined).past.length;
  return { since };
}

test("the history holds so many changes; an older revision is expired", async () => {
  const { since } = await cacheAfter(41, 1, { history: 20 });
  expect(since(25)).toBe(15);
  expect(() => since(5)).toThrow(/too old resource version/);
});

test("large objects make the history shorter", async () => {
  const { since } = await cacheAfter(60, 10_000, { historyBytes: 200_000 });
  expect(since(55)).toBe(4);
  expect(() => since(30)).toThrow(/too old resource version/);
});

test.each([["compacted", new RevisionCompacted(1n)] as const, ["another history", new RevisionFuture(1n)] as const])(
  "who subscribes while the cache reads the store anew hears of the jump (%s)",
  async (_title, failure) => {
    const store = createMemoryStore();
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    let [lists, watches] = [0, 0];
    const list: Store["list"] = async (prefix, page) => {
      lists += 1;
      if (lists === 2) await released;
      return store.list(prefix, page);
    };
    const watch: Store["watch"] = (prefix, since, signal) => {
      watches += 1;
      if (watches === 1) throw failure;
      return store.watch(prefix, since, signal);
    };
    const interrupted: Store = {
      list,
      watch,
      revision: () => store.revision(),
      get: (key) => store.get(key),
      put: (key, bytes, options) => store.put(key, bytes, options),
      delete: (key, expected) => store.delete(key, expected),
      compact: (before) => store.compact(before),
      health: () => store.health(),
      close: () => store.close(),
    };
    const cache = new WatchCache({ store: interrupted, clock: systemClock, logger: silentLogger });
    const stop = new AbortController();
    await cache.start(stop.signal);
    await expect.poll(() => lists).toBe(2);
    const seen: unknown[] = [];
    cache.subscribe(cache.revision, (change) => seen.push(change));
    await store.put("/a", value(1), { expected: 0n });
    release();
    await expect.poll(() => cache.get("/a")).toBeDefined();
    expect(seen).toEqual([undefined]);
    stop.abort();
  },
);

test("a listener that fails on a change keeps nobody from it", async () => {
  const store = createMemoryStore();
  const cache = new WatchCache({ store, clock: systemClock, logger: silentLogger });
  const stop = new AbortController();
  await cache.start(stop.signal);
  cache.subscribe(cache.revision, () => {
    throw new Error("no");
  });
  const seen: unknown[] = [];
  cache.subscribe(cache.revision, (change) => seen.push(change?.key));
  await store.put("/a", value(1), { expected: 0n });
  await cache.fresh();
  expect(seen).toEqual(["/a"]);
  stop.abort();
});

test("a value that the store cannot read keeps no other from being read, and is thrown to who looks into it", async () => {
  const store = createMemoryStore();
  await store.put("/a/good", value(1), { expected: 0n });
  await store.put("/a/bad", value(1), { expected: 0n });
  const damage = new StoreDamaged("it was changed", "/a/bad");
  const list: Store["list"] = async (prefix, page) => {
    const listing = await store.list(prefix, page);
    const entries = listing.entries.map((entry) => (entry.key === "/a/bad" ? { ...entry, value: new Uint8Array(), damage } : entry));
    return { ...listing, entries };
  };
  const cache = new WatchCache({ store: Object.assign(Object.create(store) as Store, { list }), clock: systemClock, logger: silentLogger });
  const stop = new AbortController();
  await cache.start(stop.signal);
  expect(cache.get("/a/good")?.bare.metadata.name).toBe("a");
  expect(cache.get("/a/bad")?.isReadable).toBe(false);
  expect(() => cache.get("/a/bad")?.bare).toThrow(damage);
  stop.abort();
});

/** A store in memory that can be away, and counts what it is asked. */
function absentable() {
  const store = createMemoryStore();
  const asked = { lists: 0, revisions: 0, watches: 0 };
  let isAway = false;
  const unlessAway = (): void => {
    if (isAway) throw new StoreUnavailable("gone for a while");
  };
  const watched = async function* (prefix: string, since: bigint, signal: AbortSignal): AsyncGenerator<Change> {
    asked.watches += 1;
    unlessAway();
    for await (const change of store.watch(prefix, since, signal)) {
      unlessAway();
      yield change;
    }
  };
  const itself: Store = {
    list: async (prefix, page) => {
      asked.lists += 1;
      unlessAway();
      return store.list(prefix, page);
    },
    revision: async () => {
      asked.revisions += 1;
      unlessAway();
      return store.revision();
    },
    watch: watched,
    get: (key) => store.get(key),
    put: (key, bytes, options) => store.put(key, bytes, options),
    delete: (key, expected) => store.delete(key, expected),
    compact: (before) => store.compact(before),
    health: () => store.health(),
    close: () => store.close(),
  };
  return { store: itself, asked, leave: () => (isAway = true), comeBack: () => (isAway = false) };
}

test("many who want to read what is fresh ask the store once, and those who come meanwhile once more", async () => {
  const { store, asked } = absentable();
  const cache = new WatchCache({ store, clock: systemClock, logger: silentLogger });
  const stop = new AbortController();
  await cache.start(stop.signal);
  await store.put("/a", value(1), { expected: 0n });
  await Promise.all(Array.from({ length: 100 }, () => cache.fresh()));
  expect(cache.get("/a")).toBeDefined();
  expect(asked.revisions).toBeLessThanOrEqual(2);
  stop.abort();
});

test("after an outage of the store the watch goes on where it was: nothing is listed again, and who watches stays", async () => {
  const { store, asked, leave, comeBack } = absentable();
  const cache = new WatchCache({ store, clock: systemClock, logger: silentLogger });
  const stop = new AbortController();
  await cache.start(stop.signal);
  const seen: unknown[] = [];
  cache.subscribe(cache.revision, (change) => seen.push(change?.key));
  await store.put("/a", value(1), { expected: 0n });
  await cache.fresh();
  leave();
  await store.put("/b", value(1), { expected: 0n });
  await expect.poll(() => asked.watches).toBeGreaterThan(1);
  await store.put("/c", value(1), { expected: 0n });
  comeBack();
  await expect.poll(() => cache.get("/c")).toBeDefined();
  expect(seen).toEqual(["/a", "/b", "/c"]);
  expect(asked.lists).toBe(1);
  stop.abort();
});

test("while the store is away what is in memory is read, and only who wants it fresh is refused", async () => {
  const { store, leave } = absentable();
  const cache = new WatchCache({ store, clock: systemClock, logger: silentLogger });
  const stop = new AbortController();
  await cache.start(stop.signal);
  await store.put("/a", value(1), { expected: 0n });
  await cache.fresh();
  leave();
  await expect(cache.fresh()).rejects.toBeInstanceOf(StoreUnavailable);
  await cache.reached(cache.revision);
  expect(cache.under("/")).toHaveLength(1);
  stop.abort();
});

/** A store with so many writes of one key, and a cache that begins after them, as that of a server that was started again. */
async function begunAfter(count: number, options: { readonly history?: number } = {}) {
  const store = createMemoryStore();
  const revisions: bigint[] = [];
  for (let index = 0; index < count; index++) revisions.push((await store.put("/a", value(1), { expected: revisions.at(-1) ?? 0n })).revision);
  let reads = 0;
  const counted: Store = {
    ...asObject(store),
    watch: (...args) => {
      reads += 1;
      return store.watch(...args);
    },
  };
  const cache = new WatchCache({ store: counted, clock: systemClock, logger: silentLogger, ...options });
  const stop = new AbortController();
  await cache.start(stop.signal);
  const past = async (index: number): Promise<readonly bigint[]> => {
    await cache.reachBack(revisions[index] ?? 0n);
    return cache.subscribe(revisions[index] ?? 0n, () => undefined).past.map(({ revision }) => revision);
  };
  return { store, cache, revisions, past, reads: () => reads };
}

const asObject = (store: Store): Store => ({
  list: (...args) => store.list(...args),
  watch: (...args) => store.watch(...args),
  revision: () => store.revision(),
  get: (...args) => store.get(...args),
  put: (...args) => store.put(...args),
  delete: (...args) => store.delete(...args),
  compact: (...args) => store.compact(...args),
  health: () => store.health(),
  close: () => store.close(),
});

test("a watch goes on from before the start, each change once and in order, and those that come at once share what is read", async () => {
  const { store, cache, revisions, past, reads } = await begunAfter(30);
  const [early, late, again] = await Promise.all([past(5), past(20), past(5)]);
  expect(early).toEqual(revisions.slice(6));
  expect(late).toEqual(revisions.slice(21));
  expect(again).toEqual(early);
  // One is the cache's own.
  expect(reads()).toBe(2);
  const { revision } = await store.put("/a", value(1), { expected: revisions.at(-1) ?? 0n });
  await cache.fresh();
  expect(await past(3)).toEqual([...revisions.slice(4), revision]);
});

test("what was deleted before the start is told with its last value", async () => {
  const { store, revisions } = await begunAfter(2);
  await store.delete("/a", revisions[1] ?? 0n);
  const cache = new WatchCache({ store, clock: systemClock, logger: silentLogger });
  await cache.start(new AbortController().signal);
  await cache.reachBack(revisions[1] ?? 0n);
  const [deleted, ...more] = cache.subscribe(revisions[1] ?? 0n, () => undefined).past;
  expect(deleted).toMatchObject({ key: "/a", current: undefined, previous: { revision: revisions[1] } });
  expect(more).toEqual([]);
});

test("what is compacted, or more than a history holds, is expired, and is not read for again and again", async () => {
  const compacted = await begunAfter(30);
  await compacted.store.compact(compacted.revisions[10] ?? 0n);
  await expect(compacted.past(5)).rejects.toThrow(/too old resource version/);
  await expect(compacted.past(5)).rejects.toThrow(/too old resource version/);
  expect(compacted.reads()).toBe(2);
  expect(await compacted.past(10)).toEqual(compacted.revisions.slice(11));

  const long = await begunAfter(30, { history: 10 });
  await expect(long.past(5)).rejects.toThrow(/too old resource version/);
  expect(await long.past(19)).toEqual(long.revisions.slice(20));
  await expect(long.past(5)).rejects.toThrow(/too old resource version/);
  expect(long.reads()).toBe(2);
});

test("a store that does not show its history in time leaves a watch expired, and nothing behind", async () => {
  const { store, revisions } = await begunAfter(3);
  const signals: AbortSignal[] = [];
  const silent: Store = {
    ...asObject(store),
    async *watch(_prefix, _since, signal) {
      signals.push(signal);
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
      yield* [];
    },
  };
  const cache = new WatchCache({ store: silent, clock: systemClock, logger: silentLogger });
  await cache.start(new AbortController().signal);
  await cache.reachBack(revisions[0] ?? 0n);
  expect(() => cache.subscribe(revisions[0] ?? 0n, () => undefined)).toThrow(/too old resource version/);
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, true]);
});
