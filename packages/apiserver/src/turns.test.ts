import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { Turns } from "./turns.js";

/** Holds the thread. */
function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

test("jobs run in order, and others between them", async () => {
  const turns = new Turns();
  const done: number[] = [];
  for (let job = 0; job < 100; job++) {
    turns.run(() => {
      done.push(job);
      work(0.2);
    });
  }
  expect(done).toEqual([]);
  await turn();
  await turn();
  expect(done.length).toBeLessThan(100);
  while (done.length < 100) await turn();
  expect(done).toEqual(Array.from({ length: 100 }, (_, index) => index));
});

test("a job may bring another", async () => {
  const turns = new Turns();
  const done: string[] = [];
  turns.run(() => {
    done.push("first");
    turns.run(() => done.push("second"));
  });
  while (done.length < 2) await turn();
  expect(done).toEqual(["first", "second"]);
});
