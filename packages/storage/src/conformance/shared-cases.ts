import { expect } from "vitest";
import { RevisionConflict, type Store } from "../store.js";
import { brief, bytes, collect, create, createMany, follow, force, keys, median, promptMs, revisionOf, text, timeUntil } from "./case.js";

/** One thing that two stores on one database must do as if they were one. */
export interface SharedStoreCase {
  readonly name: string;
  run(context: SharedStoreCaseContext): Promise<void>;
}

export interface SharedStoreCaseContext {
  readonly one: Store;
  readonly other: Store;
  /** Begins with "/", ends without; nobody else has keys under it. */
  readonly root: string;
}

/** Two servers on one database. */
export const sharedCases: readonly SharedStoreCase[] = [
  {
    name: "what one wrote the other reads at once: by key, in lists and in revision()",
    run: async ({ one, other, root }) => {
      for (let round = 0; round < 20; round += 1) {
        const [writer, reader] = round % 2 === 0 ? [one, other] : [other, one];
        const { revision } = await force(writer, `${root}/a`, String(round));
        expect(text(await reader.get(`${root}/a`))).toBe(String(round));
        expect((await reader.list(`${root}/`)).entries.map(text)).toEqual([String(round)]);
        expect(await reader.revision()).toBeGreaterThanOrEqual(revision);
      }
    },
  },
  {
    name: "what one deleted the other does not find any more",
    run: async ({ one, other, root }) => {
      const { revision } = await create(one, `${root}/a`, "gone");
      expect(text((await other.delete(`${root}/a`, revision)).previous)).toBe("gone");
      expect(await one.get(`${root}/a`)).toBeUndefined();
      expect((await one.list(`${root}/`)).entries).toEqual([]);
    },
  },
  {
    name: "a change of one reaches a watch of the other at once",
    run: async ({ one, other, root }) => {
      const seen: number[] = [];
      const written: number[] = [];
      const abort = new AbortController();
      const since = await other.revision();
      const watching = (async () => {
        for await (const change of other.watch(`${root}/`, since, abort.signal)) {
          if (change.type !== "progress") seen.push(performance.now());
        }
      })();
      for (let index = 0; index < 21; index += 1) {
        await create(one, `${root}/${String(index)}`);
        written.push(performance.now());
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
      await expect.poll(() => seen.length).toBe(21);
      abort.abort();
      await watching;
      // The watch may have it before the writer has its answer: then the delay is negative.
      const delays = seen.map((time, index) => time - (written[index] ?? 0));
      expect(median(delays)).toBeLessThan(promptMs);
    },
  },
  {
    name: "watches of both give the writes of both once and in one order, with what was replaced",
    run: async ({ one, other, root }) => {
      const since = await one.revision();
      const watching = [one, other, one, other].map((store) => collect(store, `${root}/`, since, 240));
      await Promise.all(
        Array.from({ length: 12 }, async (_, writer) => {
          const store = writer % 2 === 0 ? one : other;
          const key = `${root}/${String(writer)}`;
          let { revision } = await create(store, key, "0");
          for (let step = 1; step < 20; step += 1) ({ revision } = await store.put(key, bytes(String(step)), { expected: revision }));
        }),
      );
      const [first = [], ...rest] = await Promise.all(watching);
      expect(first.map(revisionOf)).toEqual([...new Set(first.map(revisionOf))].sort((a, b) => Number(a - b)));
      for (const changes of rest) expect(changes.map(brief)).toEqual(first.map(brief));
      for (const changes of rest) expect(changes.map(({ previous }) => text(previous))).toEqual(first.map(({ previous }) => text(previous)));
      const perKey = first.filter((change) => change.type === "put" && change.entry.key === `${root}/3`);
      expect(perKey.map(({ previous }) => text(previous))).toEqual([undefined, ...Array.from({ length: 19 }, (_, step) => String(step))]);
    },
  },
  {
    name: "no revision is given twice, and each grows for those who wait for one another",
    run: async ({ one, other, root }) => {
      const acknowledged = await Promise.all(
        Array.from({ length: 32 }, async (_, writer) => createMany(writer % 2 === 0 ? one : other, `${root}/${String(writer)}`, 10)),
      );
      const revisions = acknowledged.flat().map(({ revision }) => revision);
      expect(new Set(revisions).size).toBe(320);
      for (const own of acknowledged)
        expect(own.map(({ revision }) => revision)).toEqual(own.map(({ revision }) => revision).sort((a, b) => Number(a - b)));
      const next = await create(one, `${root}/next`);
      expect(revisions.every((revision) => revision < next.revision)).toBe(true);
    },
  },
  {
    name: "of many who create one key through both, one succeeds and the others learn its revision",
    run: async ({ one, other, root }) => {
      for (let round = 0; round < 5; round += 1) {
        const key = `${root}/${String(round)}`;
        const tried = await Promise.allSettled(Array.from({ length: 10 }, (_, index) => create(index % 2 === 0 ? one : other, key, String(index))));
        const won = tried.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
        expect(won).toHaveLength(1);
        for (const each of tried)
          if (each.status === "rejected") expect(each.reason).toMatchObject({ name: "RevisionConflict", actual: won[0]?.revision });
        expect(text(await other.get(key))).toBe(text(won[0]));
      }
    },
  },
  {
    name: "a counter that both raise by read and conditional write loses no step",
    run: async ({ one, other, root }) => {
      await create(one, `${root}/n`, "0");
      const raise = async (store: Store): Promise<void> => {
        for (;;) {
          const entry = await store.get(`${root}/n`);
          if (entry === undefined) throw new Error("the counter is gone");
          try {
            await store.put(entry.key, bytes(String(Number(text(entry)) + 1)), { expected: entry.revision });
            return;
          } catch (thrown) {
            if (!(thrown instanceof RevisionConflict)) throw thrown;
          }
        }
      };
      await Promise.all([one, other].map(async (store) => Promise.all(Array.from({ length: 4 }, async () => repeat(5, () => raise(store))))));
      expect(text(await one.get(`${root}/n`))).toBe("40");
    },
  },
  {
    name: "a revision that one gave is no future to the other: for watches and for pages",
    run: async ({ one, other, root }) => {
      for (let round = 0; round < 10; round += 1) {
        const { revision } = await create(one, `${root}/${String(round).padStart(3, "0")}`);
        expect((await other.list(`${root}/`, { at: revision })).entries).toHaveLength(2 * round + 1);
        const watching = collect(other, `${root}/`, revision, 1);
        await create(one, `${root}/${String(round).padStart(3, "0")}b`, "next");
        expect((await watching).map(brief)).toEqual([`put ${root}/${String(round).padStart(3, "0")}b next`]);
      }
    },
  },
  {
    name: "pages that one began the other goes on with, at the same revision",
    run: async ({ one, other, root }) => {
      await createMany(one, root, 20);
      const first = await one.list(`${root}/`, { limit: 7 });
      await force(other, `${root}/000019`, "changed");
      const rest = await other.list(`${root}/`, { after: first.entries.at(-1)?.key ?? "", at: first.revision });
      expect([...first.entries, ...rest.entries].map(text)).toEqual(Array.from({ length: 20 }, (_, index) => String(index)));
    },
  },
  {
    name: "after revision() of one, its idle watch says at once that it is as far as the other has written",
    run: async ({ one, other, root }) => {
      const abort = new AbortController();
      const seen: bigint[] = [];
      const since = await other.revision();
      const watching = (async () => {
        for await (const change of other.watch(`${root}/quiet/`, since, abort.signal)) seen.push(revisionOf(change));
      })();
      const written = await createMany(one, `${root}/loud`, 5);
      const revision = await other.revision();
      expect(revision).toBeGreaterThanOrEqual(written.at(-1)?.revision ?? 0n);
      await timeUntil(() => (seen.at(-1) ?? 0n) >= revision);
      abort.abort();
      await watching;
    },
  },
  {
    name: "a key with a time to live that one wrote is deleted once, whoever does it, and also when that one is gone",
    run: async ({ one, other, root }) => {
      const since = await other.revision();
      await Promise.all(Array.from({ length: 10 }, (_, index) => one.put(`${root}/${String(index)}`, bytes("x"), { expected: 0n, ttlSeconds: 1 })));
      const both = await Promise.all([one, other].map((store) => collect(store, `${root}/`, since, 20)));
      for (const changes of both) expect(changes.filter(({ type }) => type === "delete")).toHaveLength(10);
      const entry = await one.put(`${root}/last`, bytes("x"), { expected: 0n, ttlSeconds: 1 });
      await one.close();
      // At most a minute late is allowed; what is tested is that it happens.
      await expect.poll(() => other.get(`${root}/last`), { timeout: 65_000, interval: 250 }).toBeUndefined();
      const gone = await collect(other, `${root}/`, entry.revision, 1);
      expect(gone.map(brief)).toEqual([`delete ${root}/last`]);
    },
  },
  {
    name: "a compaction by one holds for the other, and both may compact at once",
    run: async ({ one, other, root }) => {
      const { revision } = await create(one, `${root}/a`, "0");
      for (let step = 1; step <= 10; step += 1) await force(other, `${root}/a`, String(step));
      const newest = (await force(one, `${root}/b`, "kept")).revision;
      await one.compact(newest);
      await expect(other.list(`${root}/`, { at: revision })).rejects.toMatchObject({ name: "RevisionCompacted" });
      await expect(collect(other, `${root}/`, revision, 1)).rejects.toMatchObject({ name: "RevisionCompacted" });
      const later = (await force(other, `${root}/c`, "new")).revision;
      await Promise.all([one.compact(later), other.compact(newest), other.compact(later), one.compact(newest)]);
      for (const store of [one, other]) expect(keys((await store.list(`${root}/`)).entries)).toEqual([`${root}/a`, `${root}/b`, `${root}/c`]);
      expect((await other.list(`${root}/`, { at: later })).entries.map(text)).toEqual(["10", "kept", "new"]);
    },
  },
  {
    name: "a watch of one that is not behind outlives compactions by the other",
    run: async ({ one, other, root }) => {
      const watching = await follow(one, `${root}/`);
      for (let round = 0; round < 4; round += 1) {
        await createMany(other, `${root}/${String(round)}`, 10);
        const revision = await one.revision();
        await timeUntil(() => watching.reached() >= revision);
        await other.compact(revision);
      }
      await createMany(other, `${root}/last`, 1);
      await timeUntil(() => watching.changes() >= 41);
      expect(await watching.end()).toBe(41);
    },
  },
  {
    name: "one that closes ends its own watches and nobody else's",
    run: async ({ one, other, root }) => {
      const since = await one.revision();
      const ended = one.watch(`${root}/`, since, new AbortController().signal)[Symbol.asyncIterator]().next();
      const going = collect(other, `${root}/`, since, 3);
      await create(other, `${root}/a`);
      await ended;
      await one.close();
      await create(other, `${root}/b`);
      await create(other, `${root}/c`);
      expect((await going).map(brief)).toEqual(["a", "b", "c"].map((name) => `put ${root}/${name} value`));
    },
  },
];

async function repeat(times: number, work: () => Promise<void>): Promise<void> {
  for (let left = times; left > 0; left -= 1) await work();
}
