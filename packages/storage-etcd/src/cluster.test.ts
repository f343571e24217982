import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openEtcdStore } from "./index.js";
import { findEtcd, startEtcd, type TestEtcd } from "./testing/etcd.js";
import { faultsOf, type Recording, recordWrites } from "./testing/record-writes.js";

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe.skipIf(findEtcd() === undefined)("a cluster of three members", () => {
  let etcd: TestEtcd | undefined;
  beforeAll(async () => {
    etcd = await startEtcd({ members: 3 });
  });
  afterAll(() => etcd?.stop());

  const faults: Readonly<Record<string, (cluster: TestEtcd, member: number) => Promise<void>>> = {
    killed: async (cluster, member) => {
      await cluster.kill(member);
      await wait(1500);
      await cluster.restart(member);
      await wait(500);
    },
    stopped: async (cluster, member) => {
      cluster.pause(member);
      await wait(7000);
      cluster.resume(member);
      await wait(500);
    },
  };

  for (const [fault, strike] of Object.entries(faults)) {
    test(`loses no acknowledged write and no event while each member is ${fault} in turn`, { timeout: 90_000 }, async () => {
      const cluster = given(etcd);
      const store = await openEtcdStore({ hosts: cluster.hosts, prefix: `/${fault}` });
      try {
        const recording: Recording = await recordWrites(store, {
          writers: 8,
          root: "/writes",
          during: async () => {
            for (let member = 0; member < 3; member += 1) await strike(cluster, member);
          },
        });
        console.info({ fault, writes: recording.writes, unavailable: recording.unavailable, lost: recording.lost });
        expect(recording.writes).toBeGreaterThan(100);
        expect(faultsOf(recording.seen)).toEqual([]);
        const revisions = new Set(recording.seen.map((change) => (change.type === "put" ? change.entry.revision : change.revision)));
        for (const [key, { value, revision }] of recording.acknowledged) {
          expect(revisions.has(revision)).toBe(true);
          const entry = await store.get(key);
          if (!recording.unknown.has(key)) expect(new TextDecoder().decode(entry?.value)).toBe(value);
        }
        expect(store.health()).toEqual({ readable: true, writable: true });
      } finally {
        await store.close();
      }
    });
  }

  test("is used by another member when the one in use is stopped, in seconds", async () => {
    const cluster = given(etcd);
    const store = await openEtcdStore({ hosts: cluster.hosts, prefix: "/stop" });
    try {
      const { revision } = await store.put("/a", new Uint8Array(1), { expected: 0n });
      const changes = store.watch("/", revision, new AbortController().signal)[Symbol.asyncIterator]();
      const next = changes.next();
      cluster.pause(0);
      const began = performance.now();
      const entry = await store.get("/a");
      expect(entry?.revision).toBe(revision);
      for (;;) {
        const written = await store.put("/b", new Uint8Array(1), { expected: 0n }).catch(() => undefined);
        if (written !== undefined) break;
      }
      expect(await next).toMatchObject({ value: { type: "put", entry: { key: "/b" } } });
      expect(performance.now() - began).toBeLessThan(20_000);
    } finally {
      cluster.resume(0);
      await store.close();
    }
  });
});

function given(etcd: TestEtcd | undefined): TestEtcd {
  if (etcd === undefined) throw new Error("etcd did not start");
  return etcd;
}
