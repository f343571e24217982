import { type Store, StoreReadOnly } from "@dataplane/storage";
import { expect } from "vitest";
import type { SmallDisk } from "./small-disk.js";

const rounds = 3;

/** While the database's disk is full nothing is written and all is read, and afterwards it is written again. Rejects where that does not hold. */
export async function writeOnFullDisk(store: Store, disk: SmallDisk, value: Uint8Array): Promise<void> {
  const written = new Map<string, bigint>();
  const write = async (key: string): Promise<void> => {
    written.set(key, (await store.put(key, value, { expected: 0n })).revision);
  };
  for (let round = 0; round < rounds; round += 1) {
    await write(`/before/${String(round)}`);
    disk.fill();
    const refused = await (async () => {
      // What it has in reserve goes first.
      for (let index = 0; index < 20_000; index += 1) await write(`/full/${String(round)}/${String(index)}`);
    })().catch((thrown: unknown) => thrown);
    expect(refused).toBeInstanceOf(StoreReadOnly);
    expect(store.health()).toMatchObject({ readable: true, writable: false });
    for (const [key, revision] of written) expect((await store.get(key))?.revision).toBe(revision);
    expect((await store.list("/")).entries).toHaveLength(written.size);
    disk.free();
    await expect.poll(() => store.health().writable, { interval: 50 }).toBe(true);
  }
  await write("/after");
}
