import { expect, test } from "vitest";
import { SharedAnswer } from "./shared-answer.js";

test("who comes while a question is under way shares the next one, asked after they came", async () => {
  const pending: ((answer: number) => void)[] = [];
  const shared = new SharedAnswer(() => new Promise<number>((resolve) => pending.push(resolve)));
  const first = shared.get();
  const [second, third] = [shared.get(), shared.get()];
  expect(pending).toHaveLength(1);
  pending[0]?.(1);
  expect(await first).toBe(1);
  await new Promise((resolve) => setImmediate(resolve));
  expect(pending).toHaveLength(2);
  pending[1]?.(2);
  expect(await Promise.all([second, third])).toEqual([2, 2]);
  const fourth = shared.get();
  pending[2]?.(3);
  expect(await fourth).toBe(3);
});

test("a question that fails fails for those who shared it, and the next is asked", async () => {
  let asked = 0;
  const shared = new SharedAnswer(() => {
    asked += 1;
    return asked === 1 ? Promise.reject(new Error("away")) : Promise.resolve(asked);
  });
  const [first, second] = [shared.get(), shared.get()];
  await expect(first).rejects.toThrow("away");
  expect(await second).toBe(2);
});
