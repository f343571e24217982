import { changeRevision, type Store } from "@dataplane/storage";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEtcdStore } from "./index.js";
import { findEtcd, findOnPath, startEtcd, type TestEtcd } from "./testing/etcd.js";

/** More changes than a store keeps in memory. */
const count = 6000;

for (const program of new Set([findEtcd(), findOnPath() ?? findEtcd()])) {
  describe.skipIf(program === undefined)(`the history of ${program ?? "etcd"}`, { timeout: 60_000 }, () => {
    let etcd: TestEtcd | undefined;
    let writer: Store;
    let since = 0n;
    const written: bigint[] = [];

    beforeAll(async () => {
      etcd = await startEtcd({ ...(program === undefined ? {} : { program }) });
      writer = await openEtcdStore({ hosts: etcd?.hosts ?? [], prefix: "/history" });
      since = await writer.revision();
      const writeAll = async (start: number): Promise<void> => {
        for (let index = start; index < count; index += 64) {
          written.push((await writer.put(`/${index % 2 === 0 ? "even" : "odd"}/${index}`, new Uint8Array(100), { expected: 0n })).revision);
        }
      };
      await Promise.all(Array.from({ length: 64 }, (_, start) => writeAll(start)));
      written.sort((a, b) => Number(a - b));
    }, 60_000);
    afterAll(async () => {
      await writer.close();
      await etcd?.stop();
    });

    async function read(store: Store, prefix: string, wanted: number): Promise<bigint[]> {
      const revisions: bigint[] = [];
      for await (const change of store.watch(prefix, since, AbortSignal.timeout(20_000))) {
        if (change.type !== "progress") revisions.push(changeRevision(change));
        if (revisions.length === wanted) break;
      }
      return revisions;
    }

    test("is read by a watch from further back than memory goes, each change once and in order, and goes on with what is new", async () => {
      const watching = read(writer, "/", count + 1);
      const { revision } = await writer.put("/new", new Uint8Array(1), { expected: 0n });
      expect(await watching).toEqual([...written, revision]);
    });

    test("is read by a store that was opened later, also under a prefix, and while it ends with others' changes", async () => {
      const store = await openEtcdStore({ hosts: etcd?.hosts ?? [], prefix: "/history" });
      try {
        const even = await read(store, "/even/", count / 2);
        expect(even).toHaveLength(count / 2);
        expect(even).toEqual([...new Set(even)].sort((a, b) => Number(a - b)));
        // Nothing is there: the end is known from the revision alone.
        const abort = new AbortController();
        const nothing = store.watch("/nobody/", since, abort.signal)[Symbol.asyncIterator]().next();
        await new Promise((resolve) => setTimeout(resolve, 300));
        const newest = await store.revision();
        expect(await nothing).toMatchObject({ value: { type: "progress", revision: newest } });
        abort.abort();
      } finally {
        await store.close();
      }
    });
  });
}
