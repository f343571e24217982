import { expect } from "vitest";
import type { Change } from "../store.js";
import { brief, bytes, collect, create, keys, median, promptMs, revisionOf, type StoreCase, text, timeUntil } from "./case.js";

const writers = 64;

/** Odd keys, large values, and many at once. */
export const sturdyCases: readonly StoreCase[] = [
  {
    name: "of 64 writers in flight a watch gives each acknowledged write once, in order of the revisions",
    run: async ({ store, root }) => {
      const watching = collect(store, `${root}/`, await store.revision(), writers * 10);
      const acknowledged = await Promise.all(
        Array.from({ length: writers }, async (_, writer) => {
          const own: bigint[] = [];
          for (let step = 0; step < 10; step += 1) own.push((await create(store, `${root}/${String(writer)}-${String(step)}`)).revision);
          return own;
        }),
      );
      for (const own of acknowledged) expect(own).toEqual([...own].sort((a, b) => Number(a - b)));
      expect((await watching).map(revisionOf)).toEqual(acknowledged.flat().sort((a, b) => Number(a - b)));
    },
  },
  {
    name: "a watch from each revision that is kept gives exactly what came after it",
    run: async ({ store, root }) => {
      const since = await store.revision();
      await Promise.all(Array.from({ length: 20 }, (_, index) => create(store, `${root}/${String(index)}`, String(index))));
      const all = await collect(store, `${root}/`, since, 20);
      for (const [index, change] of all.entries()) {
        const rest = await collect(store, `${root}/`, revisionOf(change), 19 - index);
        expect(rest.map(brief)).toEqual(all.slice(index + 1).map(brief));
      }
    },
  },
  {
    name: "a compaction under many watches of different age loses nothing in silence",
    run: async ({ store, root }) => {
      const marks: bigint[] = [await store.revision()];
      for (let index = 0; index < 30; index += 1) marks.push((await create(store, `${root}/${String(index).padStart(3, "0")}`)).revision);
      const watching = marks.slice(0, 30).map(async (since, index) => {
        const outcome = await collect(store, `${root}/`, since, 30 - index).catch((thrown: unknown) => thrown);
        return outcome instanceof Error ? outcome.name : (outcome as readonly unknown[]).length - (30 - index);
      });
      await store.compact(marks[20] ?? 0n);
      for (const [index, outcome] of (await Promise.all(watching)).entries()) expect(index < 20 ? [0, "RevisionCompacted"] : [0]).toContain(outcome);
      await expect(collect(store, `${root}/`, marks[19] ?? 0n, 1)).rejects.toMatchObject({ name: "RevisionCompacted" });
    },
  },
  {
    name: "keys may be any text: quotes, signs of patterns, control characters, other scripts, and 1024 bytes long",
    run: async ({ store, root }) => {
      const names = [
        "'",
        '"',
        "`",
        "%",
        "_",
        "\\",
        "\\%",
        "?",
        "$1",
        ":a",
        "--",
        ";",
        "/*",
        "//",
        " ",
        "  ",
        "\t",
        "\n",
        "\u007f",
        "ß",
        "漢字",
        "👩‍🚀",
        "\u200b",
      ];
      const long = `${root}/${"k".repeat(1024 - Buffer.byteLength(root) - 1)}`;
      const all = [...names.map((name) => `${root}/${name}`), long];
      const since = await store.revision();
      for (const key of all) await create(store, key, key);
      for (const key of all) expect(text(await store.get(key))).toBe(key);
      expect(new Set(keys((await store.list(`${root}/`)).entries))).toEqual(new Set(all));
      expect((await collect(store, `${root}/`, since, all.length)).map(brief)).toEqual(all.map((key) => `put ${key} ${key}`));
      for (const key of all) await store.delete(key, (await store.get(key))?.revision ?? 0n);
      expect((await store.list(`${root}/`)).entries).toEqual([]);
    },
  },
  {
    name: "keys with NUL, halves of characters or more than 1024 bytes are refused, and nothing is written",
    run: async ({ store, root }) => {
      const before = await store.revision();
      for (const name of ["a\0b", "\ud800", "k".repeat(1025)]) await expect(create(store, `${root}/${name}`)).rejects.toThrow(RangeError);
      expect((await store.list(`${root}/`)).entries).toEqual([]);
      expect(await store.revision()).toBeGreaterThanOrEqual(before);
    },
  },
  {
    name: "values of 1.5 MB are written at once, replaced, listed and watched byte for byte",
    run: async ({ store, root }) => {
      const since = await store.revision();
      const values = Array.from({ length: 6 }, (_, index) => Uint8Array.from({ length: 1_500_000 }, (__, at) => (at * 31 + index * 7) % 256));
      const written = await Promise.all(values.map((value, index) => store.put(`${root}/${String(index)}`, value, { expected: 0n })));
      await store.put(`${root}/0`, values[5] ?? bytes(""), { expected: written[0]?.revision ?? 0n });
      const listed = (await store.list(`${root}/`)).entries.map(({ value }) => Buffer.from(value));
      expect(listed.every((value, index) => value.equals(values[index === 0 ? 5 : index] ?? bytes("")))).toBe(true);
      const last = (await collect(store, `${root}/`, since, 7)).at(-1);
      expect(last?.type === "put" && Buffer.from(last.entry.value).equals(values[5] ?? bytes(""))).toBe(true);
      expect(Buffer.from(last?.previous?.value ?? bytes("")).equals(values[0] ?? bytes(""))).toBe(true);
    },
  },
  {
    name: "a key that is written again with a longer time to live lives that long",
    run: async ({ store, root }) => {
      const since = await store.revision();
      const short = await store.put(`${root}/a`, bytes("short"), { expected: 0n, ttlSeconds: 2 });
      await store.put(`${root}/a`, bytes("long"), { expected: short.revision, ttlSeconds: 600 });
      await store.put(`${root}/b`, bytes("short"), { expected: 0n, ttlSeconds: 2 });
      expect((await collect(store, `${root}/`, since, 4)).at(-1)).toMatchObject({ type: "delete", key: `${root}/b` });
      expect(text(await store.get(`${root}/a`))).toBe("long");
    },
  },
  {
    name: "under writes every watch hears at once of revision() that it is as far",
    run: async ({ store, root }) => {
      const abort = new AbortController();
      const since = await store.revision();
      const far = [0n, 0n, 0n];
      const watching = far.map(async (_, index) => {
        for await (const change of store.watch(`${root}/${String(index)}/`, since, abort.signal)) far[index] = reached(far[index], change);
      });
      const enough = new AbortController();
      const isEnough = (): boolean => enough.signal.aborted;
      const writer = (async () => {
        let index = 0;
        while (!isEnough()) {
          index += 1;
          await create(store, `${root}/${String(index % 2)}/${String(index)}`);
          // A store in memory would leave no turn to anybody else.
          await new Promise((resolve) => setImmediate(resolve));
        }
      })();
      const times: number[] = [];
      for (let round = 0; round < 5; round += 1) {
        const revision = await store.revision();
        times.push(await timeUntil(() => far.every((each) => each >= revision)));
      }
      expect(median(times)).toBeLessThan(promptMs);
      enough.abort();
      await writer;
      abort.abort();
      await Promise.all(watching);
    },
  },
];

/** Progress and changes never go back. */
function reached(before: bigint | undefined, change: Change): bigint {
  const revision = revisionOf(change);
  expect(revision).toBeGreaterThanOrEqual(before ?? 0n);
  return revision;
}
