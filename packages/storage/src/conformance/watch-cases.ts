import { expect } from "vitest";
import { type Change, RevisionCompacted, RevisionFuture } from "../store.js";
import {
  brief,
  bytes,
  collect,
  create,
  createMany,
  follow,
  force,
  keys,
  median,
  promptMs,
  revisionOf,
  type StoreCase,
  text,
  timeUntil,
} from "./case.js";

/** Watches, compaction and expiry. */
export const watchCases: readonly StoreCase[] = [
  {
    name: "a watch from the past gives each later change in order",
    run: async ({ store, root }) => {
      const since = await store.revision();
      const a = await create(store, `${root}/a`, "1");
      await create(store, `${root}/b`, "2");
      await store.put(`${root}/a`, bytes("3"), { expected: a.revision });
      const changes = await collect(store, `${root}/`, since, 3);
      expect(changes.map(brief)).toEqual([`put ${root}/a 1`, `put ${root}/b 2`, `put ${root}/a 3`]);
      expect((await collect(store, `${root}/`, a.revision, 2)).map(brief)).toEqual([`put ${root}/b 2`, `put ${root}/a 3`]);
    },
  },
  {
    name: "a watch from now gives what is written afterwards",
    run: async ({ store, root }) => {
      const { revision } = await create(store, `${root}/a`);
      const watching = collect(store, `${root}/`, revision, 2);
      const b = await create(store, `${root}/b`, "x");
      await store.delete(`${root}/b`, b.revision);
      expect((await watching).map(brief)).toEqual([`put ${root}/b x`, `delete ${root}/b`]);
    },
  },
  {
    name: "a change carries the revision of its write",
    run: async ({ store, root }) => {
      const since = await store.revision();
      const { revision } = await create(store, `${root}/a`);
      const removed = await store.delete(`${root}/a`, revision);
      expect((await collect(store, `${root}/`, since, 2)).map(revisionOf)).toEqual([revision, removed.revision]);
    },
  },
  {
    name: "a change carries what it replaced or removed, from the history as well as live",
    run: async ({ store, root }) => {
      const since = await store.revision();
      const live = collect(store, `${root}/`, since, 4);
      const first = await create(store, `${root}/a`, "1");
      const second = await store.put(`${root}/a`, bytes("2"), { expected: first.revision });
      await store.delete(`${root}/a`, second.revision);
      await create(store, `${root}/a`, "3");
      for (const changes of [await live, await collect(store, `${root}/`, since, 4)]) {
        expect(changes.map(({ previous }) => text(previous))).toEqual([undefined, "1", "2", undefined]);
        expect(changes.map(({ previous }) => previous?.revision)).toEqual([undefined, first.revision, second.revision, undefined]);
      }
    },
  },
  {
    name: "a watch sees its prefix alone",
    run: async ({ store, root }) => {
      const since = await store.revision();
      const live = collect(store, `${root}/a/`, since, 2);
      for (const key of ["a", "a/1", "ab", "b/1", "a/2"]) await create(store, `${root}/${key}`, "");
      expect((await live).map(brief)).toEqual([`put ${root}/a/1 `, `put ${root}/a/2 `]);
      expect((await collect(store, `${root}/a/`, since, 2)).map(brief)).toEqual([`put ${root}/a/1 `, `put ${root}/a/2 `]);
    },
  },
  {
    name: "a watch that begins among concurrent writers misses nothing and gives nothing twice",
    run: async ({ store, root }) => {
      const since = await store.revision();
      const writing = Promise.all(Array.from({ length: 16 }, (_, writer) => createMany(store, `${root}/${String(writer)}`, 20)));
      const watching = Array.from({ length: 4 }, () => collect(store, `${root}/`, since, 320));
      const written = (await writing).flat().map(({ revision }) => revision);
      written.sort((a, b) => Number(a - b));
      for (const changes of await Promise.all(watching)) expect(changes.map(revisionOf)).toEqual(written);
    },
  },
  {
    name: "a watch is resumed at any revision it gave",
    run: async ({ store, root }) => {
      const since = await store.revision();
      await createMany(store, root, 12);
      let resumed = since;
      const seen: string[] = [];
      while (seen.length < 12) {
        const part = await collect(store, `${root}/`, resumed, 3);
        seen.push(...part.map(brief));
        resumed = part.map(revisionOf).at(-1) ?? resumed;
      }
      expect(seen).toEqual((await collect(store, `${root}/`, since, 12)).map(brief));
    },
  },
  {
    name: "a watch after a list misses nothing and repeats nothing of it",
    run: async ({ store, root }) => {
      const writing = createMany(store, root, 60);
      const listing = await store.list(`${root}/`);
      const rest = await collect(store, `${root}/`, listing.revision, 60 - listing.entries.length);
      await writing;
      expect([...keys(listing.entries), ...rest.map((change) => (change.type === "put" ? change.entry.key : change.key))]).toEqual(
        keys((await store.list(`${root}/`)).entries),
      );
    },
  },
  {
    name: "100 watches get the same changes",
    run: async ({ store, root }) => {
      const since = await store.revision();
      const watching = Array.from({ length: 100 }, () => collect(store, `${root}/`, since, 20));
      await createMany(store, root, 20);
      const all = await Promise.all(watching);
      for (const changes of all) expect(changes.map(brief)).toEqual(all[0]?.map(brief));
    },
  },
  {
    name: "a reader that is slow holds up no writer and still gets every change",
    run: async ({ store, root }) => {
      const since = await store.revision();
      const abort = new AbortController();
      const iterator = store.watch(`${root}/`, since, abort.signal)[Symbol.asyncIterator]();
      const first = iterator.next();
      await Promise.all(Array.from({ length: 30 }, (_, writer) => createMany(store, `${root}/${String(writer)}`, 100)));
      const seen = [revisionOf(valueOf(await first))];
      while (seen.length < 3000) seen.push(...[valueOf(await iterator.next())].filter(({ type }) => type !== "progress").map(revisionOf));
      expect(seen).toEqual([...new Set(seen)].sort((a, b) => Number(a - b)));
      abort.abort();
      expect((await iterator.next()).done).toBe(true);
    },
  },
  {
    name: "an abort ends a waiting watch without an error",
    run: async ({ store, root }) => {
      const abort = new AbortController();
      const watching = drain(store.watch(`${root}/`, await store.revision(), abort.signal));
      await create(store, `${root}/a`);
      abort.abort(new Error("enough"));
      expect((await watching).length).toBeLessThanOrEqual(2);
    },
  },
  {
    name: "a watch whose signal has aborted ends at once",
    run: async ({ store, root }) => expect(await drain(store.watch(`${root}/`, await store.revision(), AbortSignal.abort()))).toEqual([]),
  },
  {
    name: "a watch that its reader leaves can be left",
    run: async ({ store, root }) => {
      const since = await store.revision();
      await createMany(store, root, 5);
      for await (const change of store.watch(`${root}/`, since, new AbortController().signal)) {
        if (change.type === "progress") continue;
        expect(change.type).toBe("put");
        break;
      }
    },
  },
  {
    name: "after revision() an idle watch says at once that it is as far",
    run: async ({ store, root }) => {
      const abort = new AbortController();
      const seen: Change[] = [];
      const watching = (async () => {
        for await (const change of store.watch(`${root}/a/`, await store.revision(), abort.signal)) seen.push(change);
      })();
      const times: number[] = [];
      for (let round = 0; round < 5; round += 1) {
        await create(store, `${root}/elsewhere/${String(round)}`);
        const revision = await store.revision();
        times.push(await timeUntil(() => seen.some((change) => revisionOf(change) >= revision)));
      }
      abort.abort();
      await watching;
      expect(new Set(seen.map(({ type }) => type))).toEqual(new Set(["progress"]));
      expect(median(times)).toBeLessThan(promptMs);
    },
  },
  {
    name: "progress never passes a change by",
    run: async ({ store, root }) => {
      const since = await store.revision();
      const abort = new AbortController();
      const watching = drain(store.watch(`${root}/`, since, abort.signal), 60);
      for (let index = 0; index < 60; index += 1) {
        await create(store, `${root}/${String(index)}`);
        await store.revision();
      }
      const seen = (await watching).map(revisionOf);
      expect(seen).toEqual([...seen].sort((a, b) => Number(a - b)));
      abort.abort();
    },
  },
  {
    name: "a watch from a revision that has not happened is refused",
    run: async ({ store, root }) => {
      const since = (await store.revision()) + 1000n;
      await expect(drain(store.watch(`${root}/`, since, AbortSignal.timeout(15_000)))).rejects.toThrow(RevisionFuture);
    },
  },
  {
    name: "compaction keeps the newest state, and lists and watches from its revision on",
    run: async ({ store, root }) => {
      const a = await create(store, `${root}/a`, "1");
      await create(store, `${root}/b`, "2");
      const c = await create(store, `${root}/c`, "3");
      await store.put(`${root}/a`, bytes("4"), { expected: a.revision });
      const at = (await store.delete(`${root}/c`, c.revision)).revision;
      await force(store, `${root}/a`, "5");
      await store.compact(at);
      expect((await store.list(`${root}/`)).entries.map(text)).toEqual(["5", "2"]);
      expect((await store.list(`${root}/`, { at })).entries.map(text)).toEqual(["4", "2"]);
      const [change] = await collect(store, `${root}/`, at, 1);
      expect(change && brief(change)).toBe(`put ${root}/a 5`);
      expect(text(change?.previous)).toBe("4");
    },
  },
  {
    name: "a list or watch from before the compaction is refused with the oldest revision",
    run: async ({ store, root }) => {
      const { revision } = await create(store, `${root}/a`);
      const { revision: oldest } = await force(store, `${root}/a`, "2");
      await force(store, `${root}/a`, "3");
      await store.compact(oldest);
      await expect(store.list(`${root}/`, { at: revision })).rejects.toMatchObject({ name: "RevisionCompacted", oldest });
      await expect(drain(store.watch(`${root}/`, revision, AbortSignal.timeout(15_000)))).rejects.toMatchObject({
        name: "RevisionCompacted",
        oldest,
      });
    },
  },
  {
    name: "compacting at or before the oldest revision again changes nothing",
    run: async ({ store, root }) => {
      const { revision } = await create(store, `${root}/a`);
      const { revision: oldest } = await force(store, `${root}/a`, "2");
      await store.compact(oldest);
      await store.compact(oldest);
      await store.compact(revision);
      expect((await store.list(`${root}/`, { at: oldest })).entries.map(text)).toEqual(["2"]);
    },
  },
  {
    name: "compacting a revision that has not happened is refused",
    run: async ({ store }) => expect(store.compact((await store.revision()) + 1000n)).rejects.toThrow(RevisionFuture),
  },
  {
    name: "a watch under way that is not behind outlives a compaction",
    run: async ({ store, root }) => {
      const watching = await follow(store, `${root}/`);
      for (let round = 0; round < 4; round += 1) {
        await createMany(store, `${root}/${String(round)}`, 10);
        const revision = await store.revision();
        await timeUntil(() => watching.reached() >= revision);
        await store.compact(revision);
      }
      await createMany(store, `${root}/last`, 1);
      await timeUntil(() => watching.changes() >= 41);
      expect(await watching.end()).toBe(41);
    },
  },
  {
    name: "compaction under way disturbs neither writes nor pages that are new enough",
    run: async ({ store, root }) => {
      await createMany(store, root, 20);
      for (let round = 0; round < 20; round += 1) await force(store, `${root}/000000`, String(round));
      const page = await store.list(`${root}/`, { limit: 5 });
      const [, written] = await Promise.all([store.compact(page.revision), createMany(store, `${root}/new`, 20)]);
      const rest = await store.list(`${root}/0`, { after: page.entries.at(-1)?.key ?? "", at: page.revision });
      expect(page.entries.length + rest.entries.length).toBe(20);
      expect(written).toHaveLength(20);
    },
  },
  {
    name: "a reader far behind a compaction hears that it must list again, or still gets everything",
    run: async ({ store, root }) => {
      const since = await store.revision();
      const iterator = store.watch(`${root}/`, since, AbortSignal.timeout(15_000))[Symbol.asyncIterator]();
      const first = iterator.next();
      await Promise.all(Array.from({ length: 30 }, (_, writer) => createMany(store, `${root}/${String(writer)}`, 100)));
      await store.compact(await store.revision());
      let seen = (await first).done === true ? 0 : 1;
      const outcome = await (async () => {
        while (seen < 3000) if (valueOf(await iterator.next()).type !== "progress") seen += 1;
        return "everything";
      })().catch((thrown: unknown) => thrown);
      expect(outcome === "everything" || outcome instanceof RevisionCompacted).toBe(true);
    },
  },
  {
    name: "a key with a time to live is deleted by itself, at a revision of its own",
    run: async ({ store, root }) => {
      const since = await store.revision();
      const entry = await store.put(`${root}/a`, bytes("short"), { expected: 0n, ttlSeconds: 1 });
      const [, removed] = await collect(store, `${root}/`, since, 2);
      expect(removed).toMatchObject({ type: "delete", key: `${root}/a` });
      expect(removed?.previous?.revision).toBe(entry.revision);
      expect(removed && revisionOf(removed)).toBeGreaterThan(entry.revision);
      expect(await store.get(`${root}/a`)).toBeUndefined();
    },
  },
  {
    name: "a key that is written again without a time to live stays",
    run: async ({ store, root }) => {
      const since = await store.revision();
      const short = await store.put(`${root}/a`, bytes("short"), { expected: 0n, ttlSeconds: 1 });
      await store.put(`${root}/a`, bytes("kept"), { expected: short.revision });
      await store.put(`${root}/b`, bytes("short"), { expected: 0n, ttlSeconds: 1 });
      const changes = await collect(store, `${root}/`, since, 4);
      expect(changes.at(-1)).toMatchObject({ type: "delete", key: `${root}/b` });
      expect(text(await store.get(`${root}/a`))).toBe("kept");
    },
  },
];

/** Everything that the watch gives until it ends, or until there are `count` changes. */
async function drain(watch: AsyncIterable<Change>, count = Number.POSITIVE_INFINITY): Promise<Change[]> {
  const changes: Change[] = [];
  let puts = 0;
  for await (const change of watch) {
    changes.push(change);
    if (change.type !== "progress") puts += 1;
    if (puts >= count) break;
  }
  return changes;
}

function valueOf(result: IteratorResult<Change>): Change {
  if (result.done === true) throw new Error("the watch ended");
  return result.value;
}
