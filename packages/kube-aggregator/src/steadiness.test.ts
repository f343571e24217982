import { expect, test } from "vitest";
import { Steadiness } from "./steadiness.js";

test("one that was never away is well at once, one that was has to stay so for a while", () => {
  let now = 0;
  const steadiness = new Steadiness(() => now);
  expect(steadiness.isUp("a")).toBe(true);
  steadiness.isDown("a");
  const seen: boolean[] = [];
  for (; now <= 3_000; now += 500) seen.push(steadiness.isUp("a"));
  expect(seen).toEqual([false, false, false, false, false, true, true]);
});

test("one that comes and goes each second changes once, and not again before it is steady", () => {
  let now = 0;
  let isCalledUp = true;
  let changes = 0;
  const steadiness = new Steadiness(() => now);
  for (; now < 600_000; now += 250) {
    const isWell = Math.floor(now / 500) % 2 === 0;
    if (!isWell) steadiness.isDown("a");
    const next: boolean = isWell ? isCalledUp || steadiness.isUp("a") : false;
    if (next !== isCalledUp) changes += 1;
    isCalledUp = next;
  }
  expect(changes).toBe(1);
});
