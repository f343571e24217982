import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { create, type StoreCase } from "./conformance/case.js";
import { listCases } from "./conformance/list-cases.js";
import { sharedCases } from "./conformance/shared-cases.js";
import { sturdyCases } from "./conformance/sturdy-cases.js";
import { watchCases } from "./conformance/watch-cases.js";
import { writeCases } from "./conformance/write-cases.js";
import type { Store } from "./store.js";

export interface DescribeStoreOptions {
  /** Cases not to run, by name, each with the reason. */
  readonly skip?: Readonly<Record<string, string>>;
}

const cases: readonly StoreCase[] = [...writeCases, ...listCases, ...watchCases, ...sturdyCases];

const closing = ["close ends a watch without an error", "a closed store refuses reads and writes"] as const;

/**
 * What every store must do, as tests of vitest; a store's own test file is one call of this. `open` gives a store of its own
 * for each case: an empty one, or one whose keys under `/case-…` nobody else uses.
 */
export function describeStore(name: string, open: () => Promise<Store>, options: DescribeStoreOptions = {}): void {
  const skip = new Map(Object.entries(options.skip ?? {}));
  describe(`${name} store`, () => {
    checkSkips(skip, [...cases.map((each) => each.name), ...closing]);
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

export interface DescribeSharedStoreOptions extends DescribeStoreOptions {
  /** Milliseconds that one case may take; 90 s unless told. */
  readonly timeout?: number;
}

/**
 * What two servers on one database must do besides, as tests of vitest. `openPair` gives two stores, each as a server of its own opens it, on a
 * database of their own for each case, or at least one whose keys under `/shared-…` nobody else uses. Closing one twice does no harm.
 */
export function describeSharedStore(name: string, openPair: () => Promise<readonly [Store, Store]>, options: DescribeSharedStoreOptions = {}): void {
  const skip = new Map(Object.entries(options.skip ?? {}));
  describe(`${name} store of two servers`, () => {
    checkSkips(
      skip,
      sharedCases.map((each) => each.name),
    );
    for (const [index, each] of sharedCases.entries()) {
      test.skipIf(skip.has(each.name))(titleOf(each.name, skip), { timeout: options.timeout ?? 90_000 }, async () => {
        const [one, other] = await openPair();
        try {
          await each.run({ one, other, root: `/shared-${String(index)}-${String(Date.now())}` });
        } finally {
          await Promise.all([one.close(), other.close()]);
        }
      });
    }
  });
}

/** A skip that names no case would hide that the case was renamed. */
function checkSkips(skip: ReadonlyMap<string, string>, names: readonly string[]): void {
  for (const [name, reason] of skip) {
    if (!names.includes(name)) throw new Error(`there is no case "${name}" to skip`);
    if (reason.trim() === "") throw new Error(`case "${name}" is skipped without a reason`);
  }
}

const titleOf = (name: string, skip: ReadonlyMap<string, string>): string => {
  const reason = skip.get(name);
  return reason === undefined ? name : `${name} (skipped: ${reason})`;
};
