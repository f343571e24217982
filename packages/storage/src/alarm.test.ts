import type { Clock } from "@dataplane/meta";
import { expect, test } from "vitest";
import { Alarm } from "./alarm.js";

/** Sleeps end at once, by the clock on time, unless they were aborted; remembers how long each was to be. */
function hurriedClock(): Clock & { readonly slept: number[] } {
  const slept: number[] = [];
  let now = 0;
  return {
    slept,
    now: () => new Date(now),
    sleep: async (ms, signal) => {
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
      slept.push(ms);
      now += ms;
    },
  };
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

test("of several times the earliest rings, once", async () => {
  const clock = hurriedClock();
  const rung: number[] = [];
  const alarm = new Alarm(clock, () => rung.push(clock.now().getTime()));
  alarm.setNoLaterThan(500);
  alarm.setNoLaterThan(200);
  alarm.setNoLaterThan(300);
  await turns(5);
  expect(rung).toEqual([200]);
});

test("a long time is slept in parts, so that a timer holds it and a changed clock is noticed", async () => {
  const clock = hurriedClock();
  const rung: number[] = [];
  new Alarm(clock, () => rung.push(clock.now().getTime())).setNoLaterThan(75_000);
  await turns(6);
  expect(clock.slept).toEqual([30_000, 30_000, 15_000]);
  expect(rung).toEqual([75_000]);
});

test("a stopped alarm does not ring, and may be set again", async () => {
  const clock = hurriedClock();
  let rung = 0;
  const alarm = new Alarm(clock, () => (rung += 1));
  alarm.setNoLaterThan(100);
  alarm.stop();
  await turns(3);
  expect(rung).toBe(0);
  alarm.setNoLaterThan(100);
  await turns(3);
  expect(rung).toBe(1);
});
