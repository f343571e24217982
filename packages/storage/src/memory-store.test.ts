import { expect, test } from "vitest";
import { describeStore } from "./conformance.js";
import { createMemoryStore } from "./memory-store.js";

describeStore("memory", () => Promise.resolve(createMemoryStore()));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("an empty store is at revision 1 and its first write is 2", async () => {
  const store = createMemoryStore();
  expect(await store.revision()).toBe(1n);
  expect((await store.put("/a", bytes("1"), { expected: 0n })).revision).toBe(2n);
});

test("a watch reads the history, then what is written", async () => {
  const store = createMemoryStore();
  await store.put("/a", bytes("1"), { expected: 0n });
  const abort = new AbortController();
  const seen: unknown[] = [];
  for await (const change of store.watch("/", 1n, abort.signal)) {
    seen.push(change.type);
    if (seen.length === 1) setImmediate(() => void store.delete("/a", 2n));
    if (seen.length === 2) setImmediate(() => void store.revision());
    if (seen.length === 2) setImmediate(() => abort.abort());
  }
  expect(seen).toEqual(["put", "delete"]);
});
