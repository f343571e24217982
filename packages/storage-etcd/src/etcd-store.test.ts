import { describeSharedStore, describeStore } from "@dataplane/storage/conformance";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEtcdStore } from "./index.js";
import { findEtcd, findOnPath, startEtcd, type TestEtcd } from "./testing/etcd.js";

const newest = findEtcd();
const installed = findOnPath();
if (newest === undefined) console.warn("etcd is not here: its tests are skipped (conformance/build-tools.sh builds it)");

// The one that is installed, if any, is mostly older, and goes another way to progress.
for (const program of new Set([newest, installed ?? newest])) {
  describe.skipIf(program === undefined)(`with ${program ?? "etcd"}`, () => {
    let etcd: TestEtcd | undefined;
    let opened = 0;

    beforeAll(async () => {
      etcd = await startEtcd({ ...(program === undefined ? {} : { program }) });
    });
    afterAll(() => etcd?.stop());

    describeStore("etcd", () => {
      opened += 1;
      return openEtcdStore({ hosts: etcd?.hosts ?? [], prefix: `/test-${opened}` });
    });

    test("a list of thousands of keys, some of them large, is whole and one snapshot", async () => {
      opened += 1;
      const store = await openEtcdStore({ hosts: etcd?.hosts ?? [], prefix: `/test-${opened}` });
      const size = (index: number): number => (index % 100 === 0 ? 200_000 : 10);
      const write = (index: number) => store.put(`/list/${String(index).padStart(5, "0")}`, new Uint8Array(size(index)), { expected: 0n });
      for (let start = 0; start < 2400; start += 200) await Promise.all(Array.from({ length: 200 }, (_, index) => write(start + index)));
      const listing = store.list("/list/");
      await write(2400);
      const { entries, more } = await listing;
      expect(entries.map(({ value }) => value.byteLength)).toEqual(Array.from({ length: entries.length }, (_, index) => size(index)));
      expect(entries.length).toBeGreaterThanOrEqual(2400);
      expect(more).toBe(false);
      await store.close();
    });

    test("many reads of single keys at once each get their own", async () => {
      opened += 1;
      const store = await openEtcdStore({ hosts: etcd?.hosts ?? [], prefix: `/test-${opened}` });
      const names = Array.from({ length: 500 }, (_, index) => `/${index}`);
      await Promise.all(names.filter((_, index) => index % 5 !== 0).map((name) => store.put(name, new TextEncoder().encode(name), { expected: 0n })));
      const entries = await Promise.all(names.map((name) => store.get(name)));
      for (const [index, entry] of entries.entries()) {
        if (index % 5 === 0) expect(entry).toBeUndefined();
        else expect(new TextDecoder().decode(entry?.value)).toBe(names[index]);
      }
      await store.close();
    });

    describeSharedStore("etcd", async () => {
      opened += 1;
      const options = { hosts: etcd?.hosts ?? [], prefix: `/test-${opened}` };
      return [await openEtcdStore(options), await openEtcdStore(options)];
    });
  });
}
