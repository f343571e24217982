import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Entry, type Store, StoreUnavailable } from "@dataplane/storage";
import { afterAll, expect, test } from "vitest";
import { openSqlStore } from "../sql-store.js";
import { mountSmallDisk } from "../testing/small-disk.js";
import { openSqlite } from "./sqlite.js";

const folder = await mkdtemp(join(tmpdir(), "dataplane-full-"));
const disk = mountSmallDisk(16);
afterAll(async () => {
  disk?.remove();
  await rm(folder, { recursive: true });
});

const open = (path: string, maxPages?: number): Promise<Store> =>
  openSqlStore({ dialect: openSqlite(path, { probeInterval: 20, ...(maxPages === undefined ? {} : { maxPages }) }) });

async function writeUntilRefused(store: Store, prefix: string): Promise<{ readonly written: readonly Entry[]; readonly refusal: unknown }> {
  const written: Entry[] = [];
  for (;;) {
    try {
      written.push(await store.put(`${prefix}/${String(written.length)}`, Buffer.alloc(20_000, written.length), { expected: 0n }));
    } catch (refusal) {
      return { written, refusal };
    }
  }
}

async function untilWritable(store: Store): Promise<void> {
  await expect.poll(() => store.health(), { interval: 10 }).toEqual({ readable: true, writable: true });
}

async function requireThere(store: Store, written: readonly Entry[]): Promise<void> {
  const { entries } = await store.list("/");
  const found = new Map(entries.map((entry) => [entry.key, entry]));
  for (const { key, value, revision } of written) {
    expect(found.get(key)?.revision).toBe(revision);
    expect(Buffer.from(found.get(key)?.value ?? []).equals(value)).toBe(true);
  }
}

test("a file that may not grow is read-only at once, says why, and is written again when there is room", async () => {
  const store = await open(join(folder, "pages.db"), 200);
  const { written, refusal } = await writeUntilRefused(store, "/filling");
  expect(refusal).toMatchObject({ name: "StoreReadOnly" });
  expect(store.health()).toMatchObject({ readable: true, writable: false, problem: expect.stringContaining("full") as string });
  await requireThere(store, written);
  await expect(store.put("/small", Buffer.from("1"), { expected: 0n })).rejects.toMatchObject({ name: "StoreReadOnly" });
  await new Promise((resolve) => setTimeout(resolve, 100));
  // Room for the counter alone is no room: the looks find that what was refused would be refused again.
  expect(store.health().writable).toBe(false);
  const revision = await store.revision();
  expect(revision).toBe(written.at(-1)?.revision);
  await store.close();

  const again = await open(join(folder, "pages.db"));
  await requireThere(again, written);
  expect((await again.put("/small", Buffer.from("1"), { expected: 0n })).revision).toBe(revision + 1n);
  await again.close();
});

test.skipIf(disk === undefined)(
  "a full disk: nothing that was acknowledged is lost, reads and watches go on, and it recovers by itself",
  async () => {
    if (disk === undefined) return;
    const path = join(disk.folder, "store.db");
    const store = await open(path);
    const kept = await store.put("/kept", Buffer.from("1"), { expected: 0n });
    const seen: string[] = [];
    const watching = new AbortController();
    const watch = (async () => {
      for await (const change of store.watch("/after/", kept.revision, watching.signal)) if (change.type === "put") seen.push(change.entry.key);
    })();
    let written: readonly Entry[] = [kept];
    for (let round = 0; round < 10; round += 1) {
      disk.fill();
      const filled = await writeUntilRefused(store, `/filling/${String(round)}`);
      expect(filled.refusal).toMatchObject({ name: "StoreReadOnly" });
      written = [...written, ...filled.written];
      expect(store.health()).toMatchObject({ readable: true, writable: false });
      await requireThere(store, written);
      disk.free();
      await untilWritable(store);
      written = [...written, await store.put(`/after/${String(round)}`, Buffer.from("1"), { expected: 0n })];
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(seen).toHaveLength(10);
    watching.abort();
    await watch;
    await store.close();
    const again = await open(path);
    await requireThere(again, written);
    expect(await again.revision()).toBe(written.at(-1)?.revision);
    await again.close();
  },
);

test.skipIf(disk === undefined)("a server that starts on a full disk reads, or says that it cannot, and writes once there is room", async () => {
  if (disk === undefined) return;
  const path = join(disk.folder, "start.db");
  const first = await open(path);
  const written = await first.put("/kept", Buffer.from("1"), { expected: 0n });
  await first.close();
  disk.fill();
  const opened = await open(path).catch((thrown: unknown) => thrown);
  // Not every build of SQLite finds room for the index of its log.
  if (opened instanceof Error) {
    expect(opened).toBeInstanceOf(StoreUnavailable);
    disk.free();
  }
  const store = opened instanceof Error ? await open(path) : (opened as Store);
  await requireThere(store, [written]);
  if (opened instanceof Error) return store.close();
  const refused = await store.put("/new", Buffer.alloc(100_000), { expected: 0n }).catch((thrown: unknown) => thrown);
  expect(refused).toMatchObject({ name: "StoreReadOnly" });
  disk.free();
  await untilWritable(store);
  await store.put("/new", Buffer.alloc(100_000), { expected: 0n });
  await store.close();
});
