import { expect, test } from "vitest";
import { shareNext } from "./share-next.js";

/** Calls that a test answers, in the order in which they were made. */
function questions() {
  const open: { readonly resolve: (answer: number) => void; readonly reject: (why: Error) => void }[] = [];
  const ask = (): Promise<number> => new Promise((resolve, reject) => open.push({ resolve, reject }));
  return { open, ask };
}

test("those who come while one is under way share the next, never the one under way", async () => {
  const { open, ask } = questions();
  const shared = shareNext(ask);
  const first = shared();
  const [second, third] = [shared(), shared()];
  expect(open).toHaveLength(1);
  open[0]?.resolve(1);
  expect(await first).toBe(1);
  await expect.poll(() => open.length).toBe(2);
  const fourth = shared();
  open[1]?.resolve(2);
  expect(await Promise.all([second, third])).toEqual([2, 2]);
  await expect.poll(() => open.length).toBe(3);
  open[2]?.resolve(3);
  expect(await fourth).toBe(3);
});

test("a failure is told to those who asked, and the next is asked all the same", async () => {
  const { open, ask } = questions();
  const shared = shareNext(ask);
  const first = shared();
  const second = shared();
  open[0]?.reject(new Error("no"));
  await expect(first).rejects.toThrow("no");
  await expect.poll(() => open.length).toBe(2);
  open[1]?.resolve(2);
  expect(await second).toBe(2);
});
