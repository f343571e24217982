import { expect, test } from "vitest";
import { KeySpace } from "./key-space.js";

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

test("keys lie behind the prefix, and others' keys are none of the store's", () => {
  const keys = new KeySpace("/dataplane//");
  expect(text(keys.toEtcd("/a/é"))).toBe("/dataplane/a/é");
  expect(keys.fromEtcd(Buffer.from("/dataplane/a/é"))).toBe("/a/é");
  for (const other of ["/dataplane", "/dataplane/", "/dataplane2/a", "/dataplan", "a", "~"])
    expect(keys.fromEtcd(Buffer.from(other))).toBeUndefined();
});

test("ranges hold what begins with a prefix, and never what others have", () => {
  const keys = new KeySpace("/dataplane");
  const range = (prefix: string, after?: string): string[] => {
    const { key, rangeEnd } = keys.range(prefix, after);
    return [text(key), text(rangeEnd)];
  };
  expect(range("/a")).toEqual(["/dataplane/a", "/dataplane/b"]);
  expect(range("")).toEqual(["/dataplane/", "/dataplane0"]);
  expect(range("/a", "/a/1")).toEqual(["/dataplane/a/1\0", "/dataplane/b"]);
  expect(range("/a", "/")).toEqual(["/dataplane/a", "/dataplane/b"]);
  const { key, rangeEnd } = keys.range("2");
  expect(Buffer.compare(key, rangeEnd)).toBe(0);
});

test("without a prefix the keys are etcd's own", () => {
  expect(text(new KeySpace("").toEtcd("/a"))).toBe("/a");
  expect(text(new KeySpace("/").toEtcd("/a"))).toBe("/a");
});
