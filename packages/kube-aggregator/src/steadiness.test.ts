import { expect, test } from "vitest";
import { Steadiness } from "./steadiness.js";

test("one that was never away is well at once, one that was has to stay so for a while", () => {
  let now = 0;
  const steadiness = new Steadiness(() => now);
  expect([steadiness.isInDoubt("a"), steadiness.isUp("a")]).toEqual([false, true]);
  steadiness.isDown("a");
  const seen: boolean[] = [];
  for (; now <= 2_500; now += 500) seen.push(steadiness.isUp("a"));
  expect(seen).toEqual([false, false, false, false, true, true]);
});

test("one that falls again before it is steady begins anew, and is in doubt until then", () => {
  let now = 0;
  const steadiness = new Steadiness(() => now);
  steadiness.isDown("a");
  expect(steadiness.isUp("a")).toBe(false);
  now = 1_900;
  steadiness.isDown("a");
  expect([steadiness.isUp("a"), steadiness.isInDoubt("a")]).toEqual([false, true]);
  now = 3_900;
  expect([steadiness.isUp("a"), steadiness.isInDoubt("a")]).toEqual([true, false]);
  steadiness.isDown("a");
  steadiness.forget("a");
  expect(steadiness.isUp("a")).toBe(true);
});
