import { expect } from "vitest";
import { RevisionFuture } from "../store.js";
import { bytes, create, createMany, force, keys, type StoreCase, text } from "./case.js";

/** Lists, their order, pages and past revisions. */
export const listCases: readonly StoreCase[] = [
  {
    name: "a list of nothing is empty, at the newest revision",
    run: async ({ store, root }) => {
      const listing = await store.list(`${root}/`);
      expect(listing).toMatchObject({ entries: [], more: false });
      expect(listing.revision).toBe(await store.revision());
    },
  },
  {
    name: "a list holds the newest entry of each key, without those deleted",
    run: async ({ store, root }) => {
      const a = await create(store, `${root}/a`, "1");
      await create(store, `${root}/b`, "2");
      const c = await create(store, `${root}/c`, "3");
      await store.put(`${root}/a`, bytes("4"), { expected: a.revision });
      await store.delete(`${root}/c`, c.revision);
      const { entries } = await store.list(`${root}/`);
      expect(entries.map(text)).toEqual(["4", "2"]);
    },
  },
  {
    name: "a prefix is text, not a path: /a also lists /ab, and /a/ does not",
    run: async ({ store, root }) => {
      for (const key of ["a", "a/b", "ab", "b"]) await create(store, `${root}/${key}`);
      expect(keys((await store.list(`${root}/a`)).entries)).toEqual([`${root}/a`, `${root}/a/b`, `${root}/ab`]);
      expect(keys((await store.list(`${root}/a/`)).entries)).toEqual([`${root}/a/b`]);
    },
  },
  {
    name: "percent, underscore, star and backslash in a prefix mean themselves",
    run: async ({ store, root }) => {
      for (const key of ["a%b", "a_b", "a*b", "a\\b", "axb", "a'b"]) await create(store, `${root}/${key}`);
      for (const key of ["a%", "a_", "a*", "a\\", "a'"]) expect(keys((await store.list(`${root}/${key}`)).entries)).toEqual([`${root}/${key}b`]);
    },
  },
  {
    name: "upper and lower case are different keys",
    run: async ({ store, root }) => {
      await create(store, `${root}/Key`, "1");
      await create(store, `${root}/key`, "2");
      expect(keys((await store.list(`${root}/k`)).entries)).toEqual([`${root}/key`]);
    },
  },
  {
    name: "keys are ordered by the bytes of UTF-8, also beyond the basic plane",
    run: async ({ store, root }) => {
      const names = ["~", "é", "e\u0301", "\u{1f600}", "\uffee", "\ud7ff", "z", "Z", "0"];
      for (const name of names) await create(store, `${root}/${name}`);
      const expected = names.map((name) => `${root}/${name}`).sort((a, b) => Buffer.compare(bytes(a), bytes(b)));
      expect(keys((await store.list(`${root}/`)).entries)).toEqual(expected);
      expect(keys((await store.list(`${root}/\u{1f600}`)).entries)).toEqual([`${root}/\u{1f600}`]);
    },
  },
  {
    name: "a prefix that ends with the last code point finds its keys",
    run: async ({ store, root }) => {
      await create(store, `${root}/a\u{10ffff}b`);
      await create(store, `${root}/b`);
      expect(keys((await store.list(`${root}/a\u{10ffff}`)).entries)).toEqual([`${root}/a\u{10ffff}b`]);
    },
  },
  {
    name: "pages give every key once and say when there is more",
    run: async ({ store, root }) => {
      await createMany(store, root, 10);
      const first = await store.list(`${root}/`, { limit: 4 });
      expect(first.more).toBe(true);
      const second = await store.list(`${root}/`, { limit: 6, after: first.entries.at(-1)?.key ?? "", at: first.revision });
      expect(second.more).toBe(false);
      expect([...first.entries, ...second.entries].map(text)).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    },
  },
  {
    name: "a limit that is just reached leaves nothing more",
    run: async ({ store, root }) => {
      await createMany(store, root, 3);
      expect(await store.list(`${root}/`, { limit: 3 })).toMatchObject({ more: false });
    },
  },
  {
    name: "after a key that is not there, or before the prefix, a page begins at the next one",
    run: async ({ store, root }) => {
      for (const key of ["a", "c"]) await create(store, `${root}/${key}`);
      expect(keys((await store.list(`${root}/`, { after: `${root}/b` })).entries)).toEqual([`${root}/c`]);
      expect(keys((await store.list(`${root}/`, { after: "/" })).entries)).toEqual([`${root}/a`, `${root}/c`]);
      expect((await store.list(`${root}/`, { after: `${root}/c` })).entries).toEqual([]);
    },
  },
  {
    name: "a list at a past revision is the state of then",
    run: async ({ store, root }) => {
      const a = await create(store, `${root}/a`, "1");
      const b = await create(store, `${root}/b`, "2");
      await store.put(`${root}/a`, bytes("3"), { expected: a.revision });
      await store.delete(`${root}/b`, b.revision);
      const { revision } = await create(store, `${root}/c`, "4");
      expect((await store.list(`${root}/`, { at: a.revision })).entries.map(text)).toEqual(["1"]);
      const then = await store.list(`${root}/`, { at: b.revision });
      expect(then.entries.map(text)).toEqual(["1", "2"]);
      expect(then.entries.map((entry) => entry.revision)).toEqual([a.revision, b.revision]);
      expect(then.revision).toBe(b.revision);
      expect((await store.list(`${root}/`, { at: revision })).entries.map(text)).toEqual(["3", "4"]);
    },
  },
  {
    name: "a list at a revision that has not happened is refused with the newest",
    run: async ({ store, root }) => {
      const { revision } = await create(store, `${root}/a`);
      const thrown = await store.list(`${root}/`, { at: revision + 1000n }).catch((error: unknown) => error);
      expect(thrown).toBeInstanceOf(RevisionFuture);
      expect(thrown).toMatchObject({ current: revision });
    },
  },
  {
    name: "pages stay in their revision while others write",
    run: async ({ store, root }) => {
      await createMany(store, root, 30);
      const pinned = await store.list(`${root}/`, { limit: 1 });
      const writing = Promise.all(
        Array.from({ length: 10 }, async (_, index) => {
          await force(store, `${root}/${String(index).padStart(6, "0")}`, "changed");
          await create(store, `${root}/new-${String(index)}`);
          const entry = await store.get(`${root}/${String(index + 10).padStart(6, "0")}`);
          if (entry !== undefined) await store.delete(entry.key, entry.revision);
        }),
      );
      const seen = [...pinned.entries];
      for (let page = pinned; page.more; ) {
        page = await store.list(`${root}/`, { limit: 4, after: seen.at(-1)?.key ?? "", at: pinned.revision });
        expect(page.revision).toBe(pinned.revision);
        seen.push(...page.entries);
      }
      await writing;
      expect(seen.map(text)).toEqual(Array.from({ length: 30 }, (_, index) => String(index)));
    },
  },
  {
    name: "each list under concurrent writes is one snapshot",
    run: async ({ store, root }) => {
      // The writer keeps b no older and at most one step behind a: a list that mixes two moments would show more.
      await create(store, `${root}/a`, "0");
      await create(store, `${root}/b`, "0");
      const writing = (async () => {
        for (let step = 1; step <= 30; step += 1) {
          await force(store, `${root}/a`, String(step));
          await force(store, `${root}/b`, String(step));
        }
      })();
      for (let round = 0; round < 30; round += 1) {
        const [a, b] = (await store.list(`${root}/`)).entries.map((entry) => Number(text(entry)));
        expect([0, 1]).toContain((a ?? 0) - (b ?? 0));
      }
      await writing;
    },
  },
];
