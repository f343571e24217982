import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { create, type StoreCase } from "./conformance/case.js";
import { listCases } from "./conformance/list-cases.js";
import { watchCases } from "./conformance/watch-cases.js";
import { writeCases } from "./conformance/write-cases.js";
import type { Store } from "./store.js";

export interface DescribeStoreOptions {
  /** Cases not to run, by name, each with the reason. */
  readonly skip?: Readonly<Record<string, string>>;
}

const cases: readonly StoreCase[] = [...writeCases, ...listCases, ...watchCases];

const closing = ["close ends a watch without an error", "a closed store refuses reads and writes"] as const;

/**
 * What every store must do, as tests of vitest; a store's own test file is one call of this. `open` gives a store of its own
 * for each case: an empty one, or one whose keys under `/case-…` nobody else uses.
 */
export function describeStore(name: string, open: () => Promise<Store>, options: DescribeStoreOptions = {}): void {
  const skip = new Map(Object.entries(options.skip ?? {}));
  describe(`${name} store`, () => {
    checkSkips(skip);
    let store: Store;
    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.close());

    for (const [index, each] of cases.entries()) {
      test.skipIf(skip.has(each.name))(titleOf(each.name, skip), () => each.run({ store, root: `/case-${String(index)}-${String(Date.now())}` }));
    }

    test.skipIf(skip.has(closing[0]))(titleOf(closing[0], skip), async () => {
      const iterator = store.watch("/", await store.revision(), new AbortController().signal)[Symbol.asyncIterator]();
      const next = iterator.next();
      await store.close();
      expect((await next).done).toBe(true);
    });

    test.skipIf(skip.has(closing[1]))(titleOf(closing[1], skip), async () => {
      await store.close();
      await expect(store.get("/a")).rejects.toThrow("closed");
      await expect(store.list("/")).rejects.toThrow("closed");
      await expect(store.revision()).rejects.toThrow("closed");
      await expect(create(store, "/a")).rejects.toThrow("closed");
      await store.close();
    });
  });
}

/** A skip that names no case would hide that the case was renamed. */
function checkSkips(skip: ReadonlyMap<string, string>): void {
  const names = new Set<string>([...cases.map((each) => each.name), ...closing]);
  for (const [name, reason] of skip) {
    if (!names.has(name)) throw new Error(`there is no case "${name}" to skip`);
    if (reason.trim() === "") throw new Error(`case "${name}" is skipped without a reason`);
  }
}

const titleOf = (name: string, skip: ReadonlyMap<string, string>): string => {
  const reason = skip.get(name);
  return reason === undefined ? name : `${name} (skipped: ${reason})`;
};
