import { changeRevision, type History, RevisionCompacted, StoreUnavailable, WatchHub, type WriteChange } from "@dataplane/storage";
import { expect, test } from "vitest";
import { HistoryFeed } from "./history-feed.js";

const put = (revision: number): WriteChange => ({
  type: "put",
  entry: { key: `/${String(revision)}`, value: new Uint8Array(1), revision: BigInt(revision) },
  previous: undefined,
});
const puts = (from: number, to: number): WriteChange[] => Array.from({ length: to - from + 1 }, (_, index) => put(from + index));

/** A feed over a log that a test writes, what a watch of it gave, and the ranges that were read. */
function start() {
  const log: WriteChange[] = [];
  const reads: (readonly [number, number])[] = [];
  const failures: Error[] = [];
  const hub = new WatchHub({ revision: 1n, readHistory: (_, after) => ({ changes: [], upTo: after }) });
  const readHistory = async (after: bigint, last: bigint): Promise<History> => {
    await Promise.resolve();
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    reads.push([Number(after), Number(last)]);
    const newest = log.map(changeRevision).reduce((most, each) => (each > most ? each : most), after);
    const upTo = last < newest ? last : newest;
    return { changes: log.filter((change) => changeRevision(change) > after && changeRevision(change) <= upTo), upTo };
  };
  const feed = new HistoryFeed({ hub, readHistory });
  const seen: number[] = [];
  const watching = (async () => {
    for await (const change of hub.watch("/", 1n, new AbortController().signal)) seen.push(Number(changeRevision(change)));
  })();
  const ended = watching.catch((thrown: unknown) => thrown);
  return { log, reads, failures, hub, feed, seen, ended };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("what this process wrote is published at once, and no log is read", async () => {
  const { feed, hub, seen, reads } = start();
  await turn();
  feed.add(puts(2, 3));
  expect(hub.revision).toBe(3n);
  feed.add(puts(4, 4));
  await turn();
  expect(seen).toEqual(range(2, 4));
  expect(reads).toEqual([]);
});

test("what others wrote before it comes first, from the log, and once", async () => {
  const { feed, log, seen, reads } = start();
  await turn();
  log.push(...puts(2, 9));
  feed.add(puts(6, 7));
  feed.reach(9n);
  feed.add(puts(10, 10));
  expect(await feed.published(10n, 1000)).toBe(true);
  await turn();
  expect(seen).toEqual(range(2, 10));
  // From the newest that was published: the log must have it still.
  expect(reads).toEqual([
    [1, 5],
    [6, 9],
  ]);
});

test("a batch under way is waited for before the log is read for what may be its own", async () => {
  const { feed, log, reads, seen } = start();
  await turn();
  let written = (): void => undefined;
  feed.expect(new Promise<void>((resolve) => (written = resolve)));
  log.push(...puts(2, 4));
  feed.reach(4n);
  await turn();
  feed.add(puts(2, 4));
  written();
  expect(await feed.published(4n, 1000)).toBe(true);
  await turn();
  expect(seen).toEqual(range(2, 4));
  expect(reads).toEqual([]);
});

test("a store that is away is read again, until it is back", async () => {
  const { feed, log, failures, seen } = start();
  await turn();
  failures.push(new StoreUnavailable("away"), new StoreUnavailable("away"));
  log.push(...puts(2, 4));
  feed.reach(4n);
  expect(await feed.published(4n, 10)).toBe(false);
  expect(await feed.published(4n, 2000)).toBe(true);
  await turn();
  expect(seen).toEqual(range(2, 4));
});

test("a hole in the log, or a log that is compacted too far, ends watches: nothing is passed over in silence", async () => {
  const hole = start();
  await turn();
  hole.log.push(put(2), put(4));
  hole.feed.reach(4n);
  expect(await hole.ended).toMatchObject({ name: "RevisionCompacted", oldest: 4n });
  expect(hole.hub.revision).toBe(4n);

  const compacted = start();
  await turn();
  compacted.failures.push(new RevisionCompacted(9n));
  compacted.feed.reach(12n);
  expect(await compacted.ended).toMatchObject({ name: "RevisionCompacted", oldest: 9n });
  expect(compacted.hub.revision).toBe(9n);
});

test("a log that was put back and has other changes since ends watches, though its revision is larger again", async () => {
  const { feed, log, hub, ended } = start();
  await turn();
  feed.add(puts(2, 5));
  const elsewhere = (revision: number): WriteChange => ({
    type: "put",
    entry: { key: "/other", value: new Uint8Array(2), revision: BigInt(revision) },
    previous: undefined,
  });
  log.push(...puts(2, 3), ...[4, 5, 6, 7].map(elsewhere));
  feed.reach(7n);
  expect(await ended).toMatchObject({ name: "RevisionFuture", current: 7n });
  expect(hub.revision).toBe(7n);
});

test("a log that is compacted up to what was published last is read on from there", async () => {
  const { feed, log, seen, failures } = start();
  await turn();
  feed.add(puts(2, 5));
  failures.push(new RevisionCompacted(5n));
  log.push(...puts(6, 8));
  feed.reach(8n);
  expect(await feed.published(8n, 1000)).toBe(true);
  await turn();
  expect(seen).toEqual(range(2, 8));
});

test("a word of a revision that the log does not have does no harm", async () => {
  const { feed, log, seen, ended } = start();
  await turn();
  feed.reach(1000n);
  await turn();
  log.push(...puts(2, 3));
  feed.reach(3n);
  expect(await feed.published(3n, 1000)).toBe(true);
  await turn();
  expect(seen).toEqual([2, 3]);
  await feed.close();
  expect(await Promise.race([ended, turn().then(() => "goes on")])).toBe("goes on");
});
