import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { interleave } from "./interleave.js";

interface Watched {
  asked: number;
  ended: boolean;
}

async function* counted(watched: Watched, items: readonly string[], delayMs = 0): AsyncGenerator<string> {
  try {
    for (const item of items) {
      watched.asked += 1;
      if (delayMs > 0) await sleep(delayMs);
      yield item;
    }
  } finally {
    watched.ended = true;
  }
}

const watch = (): Watched => ({ asked: 0, ended: false });

async function collect(items: AsyncIterable<string>): Promise<readonly string[]> {
  const all: string[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test("items come as they come, and a slow source holds no other one back", async () => {
  const slow = counted(watch(), ["s1"], 30);
  const fast = counted(watch(), ["f1", "f2", "f3"]);
  expect(await collect(interleave([slow, fast], 2))).toEqual(["f1", "f2", "f3", "s1"]);
});

test("at most `limit` sources are open, in order, and none is asked ahead of its reader", async () => {
  const sources = [watch(), watch(), watch()];
  const items = interleave(
    sources.map((source, at) => counted(source, [`${at}a`, `${at}b`])),
    2,
  );
  expect((await items.next()).value).toBe("0a");
  expect(sources.map(({ asked }) => asked)).toEqual([1, 1, 0]);
  const rest = await collect(items);
  expect([...rest].sort()).toEqual(["0b", "1a", "1b", "2a", "2b"]);
  expect(rest.indexOf("2a")).toBeGreaterThan(rest.indexOf("0b"));
});

test("a reader who stops ends every source", async () => {
  const sources = [watch(), watch()];
  for await (const _ of interleave(
    sources.map((source) => counted(source, ["a", "b", "c"])),
    2,
  ))
    break;
  await expect.poll(() => sources.map(({ ended }) => ended)).toEqual([true, true]);
});

test("a failure of one source is the failure of all, and the others are stopped", async () => {
  const other = watch();
  async function* failing(): AsyncGenerator<string> {
    yield "a";
    await Promise.reject(new Error("broken"));
  }
  await expect(collect(interleave([failing(), counted(other, ["x", "y", "z"], 5)], 5))).rejects.toThrow("broken");
  await expect.poll(() => other.ended).toBe(true);
});

test("no source gives no item", async () => {
  expect(await collect(interleave([], 3))).toEqual([]);
});
