import { silentLogger } from "@dataplane/meta";
import { createMemoryStore, RevisionCompacted } from "@dataplane/storage";
import { expect, test } from "vitest";
import { storeCompaction } from "./store-compaction.js";

const value = new TextEncoder().encode("{}");

/** Runs the part for so many turns of a clock that jumps; `atTurn` happens in each sleep. */
async function turns(
  count: number,
  compaction: Omit<Parameters<typeof storeCompaction>[0], "clock" | "logger">,
  atTurn: (turn: number) => Promise<void>,
) {
  const stop = new AbortController();
  let now = 0;
  let turn = 0;
  const clock = {
    now: () => new Date(now),
    async sleep(ms: number) {
      now += ms;
      await atTurn(turn++);
      if (turn === count) stop.abort();
    },
  };
  await storeCompaction({ ...compaction, clock, logger: silentLogger }).run(stop.signal);
}

test("what is older than the retention is forgotten, what is younger is kept, and the newest state stays", async () => {
  const store = createMemoryStore();
  const revisions: bigint[] = [];
  await turns(25, { store, retention: 60_000 }, async () => {
    const { revision } = await store.put("/a", value, { expected: revisions.at(-1) ?? 0n });
    revisions.push(revision);
  });
  // Turns are 6 s apart: the last one, at 144 s, forgets what was written by 84 s, the 14th write.
  await expect(store.list("/", { at: revisions[12] ?? 0n })).rejects.toThrow(RevisionCompacted);
  expect((await store.list("/", { at: revisions[13] ?? 0n })).entries).toHaveLength(1);
  expect((await store.get("/a"))?.revision).toBe(revisions.at(-1));
  await store.close();
});

test("a store in trouble does not end the part", async () => {
  const store = createMemoryStore();
  await store.close();
  let slept = 0;
  await turns(3, { store, retention: 60_000 }, () => {
    slept++;
    return Promise.resolve();
  });
  expect(slept).toBe(3);
});
