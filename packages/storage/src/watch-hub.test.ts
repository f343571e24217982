import { expect, test } from "vitest";
import { type Change, RevisionCompacted, StoreUnavailable } from "./store.js";
import { changeKey, changeRevision, type History, WatchHub, type WriteChange } from "./watch-hub.js";

const put = (revision: number, size = 1): WriteChange => ({
  type: "put",
  entry: { key: `/${String(revision)}`, value: new Uint8Array(size), revision: BigInt(revision) },
  previous: undefined,
});

/** A hub over a log that a test writes, and the revisions after which its history was read. */
function start(limits: { readonly maxQueued?: number; readonly maxQueuedBytes?: number } = {}) {
  const log: WriteChange[] = [];
  const reads: bigint[] = [];
  const readHistory = (prefix: string, after: bigint): History => {
    reads.push(after);
    const changes = log.filter((change) => changeRevision(change) > after && changeKey(change).startsWith(prefix)).slice(0, 4);
    return { changes, upTo: changes.map(changeRevision).at(-1) ?? hub.revision };
  };
  const hub = new WatchHub({ revision: 1n, readHistory, ...limits });
  const write = (change: WriteChange): void => {
    log.push(change);
    hub.publish([change]);
  };
  return { hub, write, reads };
}

async function take(iterator: AsyncIterator<Change>, count: number): Promise<bigint[]> {
  const revisions: bigint[] = [];
  while (revisions.length < count) {
    const result = await iterator.next();
    if (result.done === true) break;
    revisions.push(changeRevision(result.value));
  }
  return revisions;
}

const range = (from: number, to: number): bigint[] => Array.from({ length: to - from + 1 }, (_, index) => BigInt(from + index));

test("a reader that keeps up is fed without reading the history again", async () => {
  const { hub, write, reads } = start();
  const iterator = hub.watch("/", 1n, new AbortController().signal);
  const taken = take(iterator, 10);
  for (let revision = 2; revision <= 11; revision += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    write(put(revision));
  }
  expect(await taken).toEqual(range(2, 11));
  expect(reads).toEqual([1n]);
});

test.each([{ maxQueued: 3 }, { maxQueuedBytes: 3 }])(
  "a reader that falls behind by more than $maxQueued$maxQueuedBytes is fed from the history, in order and once",
  async (limits) => {
    const { hub, write, reads } = start(limits);
    const iterator = hub.watch("/", 1n, new AbortController().signal);
    const first = take(iterator, 1);
    await new Promise((resolve) => setImmediate(resolve));
    for (let revision = 2; revision <= 30; revision += 1) write(put(revision));
    expect(await first).toEqual([2n]);
    expect(await take(iterator, 28)).toEqual(range(3, 30));
    // The queue held revisions 2 to 4; what came after them was read.
    expect(reads[1]).toBe(4n);
  },
);

test("a change that the history showed before it was published is given once", async () => {
  const early = put(2);
  const hub = new WatchHub({ revision: 1n, readHistory: (_, after) => ({ changes: after < 2n ? [early] : [], upTo: 2n }) });
  const iterator = hub.watch("/", 1n, new AbortController().signal);
  expect(await take(iterator, 1)).toEqual([2n]);
  const next = take(iterator, 1);
  hub.publish([early]);
  hub.publish([put(3)]);
  expect(await next).toEqual([3n]);
});

test("progress is asked for once a revision, and again when there is a newer one", async () => {
  const { hub, write } = start();
  const seen: string[] = [];
  const abort = new AbortController();
  const watching = (async () => {
    for await (const change of hub.watch("/elsewhere/", 1n, abort.signal)) seen.push(`${change.type} ${String(changeRevision(change))}`);
  })();
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  write(put(2));
  await turn();
  hub.askProgress();
  hub.askProgress();
  await turn();
  write(put(3));
  hub.askProgress();
  await turn();
  abort.abort();
  await watching;
  expect(seen).toEqual(["progress 2", "progress 3"]);
});

test("revisions that others took are progress, and a change after them is given", async () => {
  const { hub, write } = start();
  const iterator = hub.watch("/", 1n, new AbortController().signal);
  const first = take(iterator, 1);
  write(put(2));
  expect(await first).toEqual([2n]);
  const second = take(iterator, 2);
  hub.advance(7n);
  hub.advance(5n);
  hub.askProgress();
  await new Promise((resolve) => setImmediate(resolve));
  write(put(8));
  expect(await second).toEqual([7n, 8n]);
});

test("a restart ends each watch with its reason, and new ones go on from where it says", async () => {
  const { hub } = start();
  const watching = take(hub.watch("/", 1n, new AbortController().signal), 1);
  await new Promise((resolve) => setImmediate(resolve));
  hub.restart(9n, new RevisionCompacted(9n));
  await expect(watching).rejects.toThrow(RevisionCompacted);
  expect(hub.revision).toBe(9n);
});

test("a watch whose history cannot be read waits for the store, and goes on where it was", async () => {
  let left = 2;
  const readHistory = (_: string, after: bigint): History => {
    left -= 1;
    if (left >= 0) throw new StoreUnavailable("gone for a while");
    return { changes: after < 2n ? [put(2)] : [], upTo: 2n };
  };
  const hub = new WatchHub({ revision: 2n, readHistory });
  expect(await take(hub.watch("/", 1n, AbortSignal.timeout(15_000)), 1)).toEqual([2n]);
});

test("a watch ends when it is told to, also while its store is away or does not answer", async () => {
  const away = new WatchHub({ revision: 2n, readHistory: () => Promise.reject(new StoreUnavailable("gone")) });
  const silent = new WatchHub({ revision: 2n, readHistory: () => new Promise<History>(() => undefined) });
  for (const hub of [away, silent]) {
    const abort = new AbortController();
    const next = hub.watch("/", 1n, abort.signal).next();
    await new Promise((resolve) => setTimeout(resolve, 20));
    abort.abort();
    expect((await next).done).toBe(true);
    const other = hub.watch("/", 1n, new AbortController().signal).next();
    await new Promise((resolve) => setTimeout(resolve, 20));
    hub.close();
    expect((await other).done).toBe(true);
  }
});
