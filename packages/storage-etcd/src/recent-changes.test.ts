import { changeRevision, type WriteChange } from "@dataplane/storage";
import { expect, test } from "vitest";
import { RecentChanges } from "./recent-changes.js";

const put = (revision: number, key = `/a/${revision}`, size = 1): WriteChange => ({
  type: "put",
  entry: { key, value: new Uint8Array(size), revision: BigInt(revision) },
  previous: undefined,
});

test("changes after a revision are given, those of the prefix alone", () => {
  const recent = new RecentChanges(10n);
  for (const change of [put(11), put(13, "/b/1"), put(14)]) recent.add(change);
  expect(recent.history("/a/", 11n, 20n)).toMatchObject({ changes: [put(14)], upTo: 20n });
  expect(recent.history("/a/", 10n, 14n)?.changes).toHaveLength(2);
  expect(recent.history("/a/", 9n, 14n)).toBeUndefined();
});

test("what came after the newest revision was asked for is not given again later", () => {
  const recent = new RecentChanges(10n);
  for (const change of [put(11), put(12)]) recent.add(change);
  expect(recent.history("/", 10n, 11n)).toMatchObject({ changes: [put(11), put(12)], upTo: 12n });
});

test("many or large changes are forgotten from the oldest on", () => {
  const recent = new RecentChanges(0n);
  for (let revision = 1; revision <= 5000; revision += 1) recent.add(put(revision));
  expect(recent.history("/", 0n, 5000n)).toBeUndefined();
  expect(recent.history("/", 4900n, 5000n)?.changes.map(changeRevision)).toHaveLength(100);
  for (let revision = 5001; revision <= 5040; revision += 1) recent.add(put(revision, "/large", 1024 * 1024));
  expect(recent.history("/", 5020n, 5040n)).toBeUndefined();
  expect(recent.history("/", 5039n, 5040n)?.changes).toHaveLength(1);
});

test("a page ends at its last change while there are more", () => {
  const recent = new RecentChanges(0n);
  for (let revision = 1; revision <= 1500; revision += 1) recent.add(put(revision));
  expect(recent.history("/", 0n, 1500n)?.upTo).toBe(1000n);
});
