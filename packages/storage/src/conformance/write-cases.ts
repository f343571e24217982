import { expect } from "vitest";
import { RevisionConflict } from "../store.js";
import { bytes, create, force, keys, type StoreCase, text } from "./case.js";

const megabyte = 1024 * 1024;

/** Writes and their revisions. */
export const writeCases: readonly StoreCase[] = [
  {
    name: "an absent key has no entry",
    run: async ({ store, root }) => expect(await store.get(`${root}/none`)).toBeUndefined(),
  },
  {
    name: "a created key is read as it was written",
    run: async ({ store, root }) => {
      const entry = await create(store, `${root}/a`, "first");
      expect(entry.key).toBe(`${root}/a`);
      const read = await store.get(`${root}/a`);
      expect(text(read)).toBe("first");
      expect(read?.revision).toBe(entry.revision);
    },
  },
  {
    name: "the first revision of a store is above 1",
    run: async ({ store, root }) => {
      expect(await store.revision()).toBeGreaterThanOrEqual(1n);
      expect((await create(store, `${root}/a`)).revision).toBeGreaterThanOrEqual(2n);
    },
  },
  {
    name: "creating a key that is there is refused with its revision",
    run: async ({ store, root }) => {
      const { revision } = await create(store, `${root}/a`);
      const thrown = await create(store, `${root}/a`).catch((error: unknown) => error);
      expect(thrown).toBeInstanceOf(RevisionConflict);
      expect(thrown).toMatchObject({ key: `${root}/a`, actual: revision });
    },
  },
  {
    name: "updating a key that is absent is refused with revision 0",
    run: async ({ store, root }) => {
      await expect(store.put(`${root}/a`, bytes("x"), { expected: 7n })).rejects.toMatchObject({ name: "RevisionConflict", actual: 0n });
    },
  },
  {
    name: "a write that lost the race is refused and changes nothing",
    run: async ({ store, root }) => {
      const first = await create(store, `${root}/a`, "a");
      const second = await store.put(`${root}/a`, bytes("b"), { expected: first.revision });
      await expect(store.put(`${root}/a`, bytes("c"), { expected: first.revision })).rejects.toMatchObject({ actual: second.revision });
      expect(text(await store.get(`${root}/a`))).toBe("b");
      expect(await store.revision()).toBe(second.revision);
    },
  },
  {
    name: "a delete takes the key away at a revision of its own and gives what it removed",
    run: async ({ store, root }) => {
      const entry = await create(store, `${root}/a`, "gone");
      const { revision, previous } = await store.delete(`${root}/a`, entry.revision);
      expect(revision).toBeGreaterThan(entry.revision);
      expect(text(previous)).toBe("gone");
      expect(previous.revision).toBe(entry.revision);
      expect(await store.get(`${root}/a`)).toBeUndefined();
    },
  },
  {
    name: "a delete at the wrong revision is refused and changes nothing",
    run: async ({ store, root }) => {
      const first = await create(store, `${root}/a`);
      const second = await store.put(`${root}/a`, bytes("b"), { expected: first.revision });
      await expect(store.delete(`${root}/a`, first.revision)).rejects.toMatchObject({ name: "RevisionConflict", actual: second.revision });
      expect(text(await store.get(`${root}/a`))).toBe("b");
    },
  },
  {
    name: "deleting an absent key is refused, whatever was expected",
    run: async ({ store, root }) => {
      await expect(store.delete(`${root}/a`, 5n)).rejects.toMatchObject({ name: "RevisionConflict", actual: 0n });
      await expect(store.delete(`${root}/a`, 0n)).rejects.toMatchObject({ name: "RevisionConflict", actual: 0n });
    },
  },
  {
    name: "a deleted key is created again at a newer revision",
    run: async ({ store, root }) => {
      const first = await create(store, `${root}/a`);
      const removed = await store.delete(`${root}/a`, first.revision);
      expect((await create(store, `${root}/a`)).revision).toBeGreaterThan(removed.revision);
    },
  },
  {
    name: "each write and delete has a revision above all before it",
    run: async ({ store, root }) => {
      const seen: bigint[] = [];
      for (let round = 0; round < 10; round += 1) {
        const { revision } = await create(store, `${root}/a`);
        seen.push(revision, (await store.delete(`${root}/a`, revision)).revision);
      }
      expect(seen).toEqual([...new Set(seen)].sort((a, b) => Number(a - b)));
    },
  },
  {
    name: "revision() is the revision of the last write",
    run: async ({ store, root }) => {
      const { revision } = await create(store, `${root}/a`);
      expect(await store.revision()).toBe(revision);
    },
  },
  {
    name: "of many who create one key at the same time one succeeds",
    run: async ({ store, root }) => {
      const results = await Promise.allSettled(Array.from({ length: 32 }, (_, index) => create(store, `${root}/a`, String(index))));
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      for (const result of results) if (result.status === "rejected") expect(result.reason).toBeInstanceOf(RevisionConflict);
    },
  },
  {
    name: "of many who update one key from the same revision one succeeds",
    run: async ({ store, root }) => {
      const { revision } = await create(store, `${root}/a`);
      const results = await Promise.allSettled(Array.from({ length: 32 }, () => store.put(`${root}/a`, bytes("x"), { expected: revision })));
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    },
  },
  {
    name: "of an update and a delete from the same revision one succeeds",
    run: async ({ store, root }) => {
      const { revision } = await create(store, `${root}/a`);
      const results = await Promise.allSettled([store.put(`${root}/a`, bytes("x"), { expected: revision }), store.delete(`${root}/a`, revision)]);
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    },
  },
  {
    name: "64 writers at once get each revision once",
    run: async ({ store, root }) => {
      const perWriter = 10;
      const writers = Array.from({ length: 64 }, async (_, writer) => {
        const revisions: bigint[] = [];
        for (let index = 0; index < perWriter; index += 1)
          revisions.push((await create(store, `${root}/${String(writer)}/${String(index)}`)).revision);
        return revisions;
      });
      const perWriterRevisions = await Promise.all(writers);
      for (const revisions of perWriterRevisions) expect(revisions).toEqual([...revisions].sort((a, b) => Number(a - b)));
      expect(new Set(perWriterRevisions.flat()).size).toBe(64 * perWriter);
    },
  },
  {
    name: "a counter that many raise by read and conditional write loses no step",
    run: async ({ store, root }) => {
      await create(store, `${root}/counter`, "0");
      const raise = async (): Promise<void> => {
        for (;;) {
          const entry = await store.get(`${root}/counter`);
          const next = bytes(String(Number(text(entry)) + 1));
          const written = await store.put(`${root}/counter`, next, { expected: entry?.revision ?? 0n }).catch((thrown: unknown) => {
            if (!(thrown instanceof RevisionConflict)) throw thrown;
            return undefined;
          });
          if (written !== undefined) return;
        }
      };
      await Promise.all(Array.from({ length: 16 }, raise));
      expect(text(await store.get(`${root}/counter`))).toBe("16");
    },
  },
  {
    name: "a write is seen by the next read and list",
    run: async ({ store, root }) => {
      for (let round = 0; round < 20; round += 1) {
        const { revision } = await force(store, `${root}/a`, String(round));
        expect((await store.get(`${root}/a`))?.revision).toBe(revision);
        expect((await store.list(`${root}/`)).entries.map(text)).toEqual([String(round)]);
      }
    },
  },
  {
    name: "a value of 0 bytes is a value",
    run: async ({ store, root }) => {
      await store.put(`${root}/empty`, new Uint8Array(0), { expected: 0n });
      expect((await store.get(`${root}/empty`))?.value.byteLength).toBe(0);
      expect(keys((await store.list(`${root}/`)).entries)).toEqual([`${root}/empty`]);
    },
  },
  {
    name: "a value of 3 MiB is kept byte for byte",
    run: async ({ store, root }) => {
      const value = Uint8Array.from({ length: 3 * megabyte }, (_, index) => (index * 31) % 256);
      await store.put(`${root}/large`, value, { expected: 0n });
      const read = await store.get(`${root}/large`);
      expect(Buffer.compare(read?.value ?? new Uint8Array(0), value)).toBe(0);
    },
  },
  {
    name: "who finds a key gone is told no revision from before its end",
    run: async ({ store, root }) => {
      for (let round = 0; round < 50; round += 1) {
        const { revision } = await create(store, `${root}/gone`);
        const deleting = store.delete(`${root}/gone`, revision);
        while ((await store.get(`${root}/gone`)) !== undefined);
        const told = await store.revision();
        expect(told).toBeGreaterThanOrEqual((await deleting).revision);
      }
    },
  },
  {
    name: "a value may be any bytes",
    run: async ({ store, root }) => {
      const value = Uint8Array.from({ length: 256 }, (_, index) => index);
      await store.put(`${root}/bytes`, value, { expected: 0n });
      expect([...((await store.get(`${root}/bytes`))?.value ?? [])]).toEqual([...value]);
    },
  },
  {
    name: "what the caller does to its buffer after a write does not reach the store",
    run: async ({ store, root }) => {
      const value = bytes("before");
      const written = store.put(`${root}/a`, value, { expected: 0n });
      await written;
      value.fill(0);
      expect(text(await store.get(`${root}/a`))).toBe("before");
      expect(text(await written)).toBe("before");
    },
  },
  {
    name: "a key that does not begin with a slash is refused",
    run: async ({ store }) => expect(store.put("a", bytes("x"), { expected: 0n })).rejects.toThrow(RangeError),
  },
];
