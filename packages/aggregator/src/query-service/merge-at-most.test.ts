import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { mergeAtMost } from "./merge-at-most.js";

async function* source(name: string, count: number, log: string[], turns = 1): AsyncGenerator<string> {
  log.push(`${name} starts`);
  try {
    for (let index = 0; index < count; index++) {
      for (let turn = 0; turn < turns; turn++) await setImmediate();
      yield `${name}${index}`;
    }
  } finally {
    log.push(`${name} ends`);
  }
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

test("each thing comes as it is there, in the order of its own source", async () => {
  const merged = await all(mergeAtMost(3, [source("a", 3, [], 20), source("b", 3, []), source("c", 0, [])]));
  expect(merged).toEqual(["b0", "b1", "b2", "a0", "a1", "a2"]);
});

test.each([0, 1])("no more sources are open at once than the limit %i says", async (limit) => {
  const log: string[] = [];
  expect(await all(mergeAtMost(limit, [source("a", 1, log), source("b", 1, log)]))).toEqual(["a0", "b0"]);
  expect(log).toEqual(["a starts", "a ends", "b starts", "b ends"]);
});

test("a source is not asked for more than was taken, and is ended by whoever leaves", async () => {
  const log: string[] = [];
  let given = 0;
  async function* counting(): AsyncGenerator<number> {
    try {
      for (;;) yield await Promise.resolve(++given);
    } finally {
      log.push("counting ends");
    }
  }
  for await (const item of mergeAtMost(2, [counting()])) {
    await setImmediate();
    expect(given).toBe(item);
    if (item === 3) break;
  }
  await setImmediate();
  expect(log).toEqual(["counting ends"]);
});

test("what a source throws ends all", async () => {
  const log: string[] = [];
  async function* broken(): AsyncGenerator<string> {
    yield await Promise.resolve("one");
    throw new Error("broken");
  }
  await expect(all(mergeAtMost(2, [broken(), source("a", 1000, log)]))).rejects.toThrow("broken");
  await setImmediate();
  await setImmediate();
  expect(log.at(-1)).toBe("a ends");
  expect(await all(mergeAtMost(2, []))).toEqual([]);
});
