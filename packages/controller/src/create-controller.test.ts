import { type Logger, silentLogger } from "@dataplane/meta";
import { expect, test } from "vitest";
import type { Again, ControllerOptions } from "./controller.js";
import { createController } from "./create-controller.js";
import { ManualClock, settled } from "./testing/manual-clock.js";

interface Run {
  readonly key: string;
  readonly at: number;
  finish(again?: Again): void;
  fail(error: Error): void;
}

/** A controller whose reconciles end when the test says so. */
function start(options: Partial<ControllerOptions> = {}) {
  const clock = new ManualClock();
  const began = clock.now().getTime();
  const abort = new AbortController();
  const runs: Run[] = [];
  const controller = createController({
    name: "test",
    clock,
    logger: silentLogger,
    reconcile: (key) =>
      new Promise((resolve, reject) => {
        runs.push({ key, at: clock.now().getTime() - began, finish: (again) => resolve(again), fail: reject });
      }),
    ...options,
  });
  const ended = controller.run(abort.signal);
  return { clock, controller, runs, abort, ended, keys: () => runs.map(({ key }) => key) };
}

test("keys enqueued before the run are worked on in order, one at a time", async () => {
  const { controller, runs, keys } = start();
  for (const key of ["a", "b", "c"]) controller.enqueue(key);
  await settled();
  expect(keys()).toEqual(["a"]);
  runs[0]?.finish();
  await settled();
  expect(keys()).toEqual(["a", "b"]);
});

test("a key that waits is not added again", async () => {
  const { controller, runs, keys } = start();
  controller.enqueue("a");
  for (let times = 0; times < 5; times += 1) controller.enqueue("b");
  runs[0]?.finish();
  await settled();
  runs[1]?.finish();
  await settled();
  expect(keys()).toEqual(["a", "b"]);
});

test("a key enqueued while it is worked on is worked on once more, afterwards and never at the same time", async () => {
  const { controller, runs, keys } = start({ concurrency: 4 });
  controller.enqueue("a");
  controller.enqueue("a");
  controller.enqueue("a");
  await settled();
  expect(keys()).toEqual(["a"]);
  runs[0]?.finish();
  await settled();
  expect(keys()).toEqual(["a", "a"]);
  runs[1]?.finish();
  await settled();
  expect(keys()).toEqual(["a", "a"]);
});

test("as many different keys as the concurrency are worked on at once", async () => {
  const { controller, runs, keys } = start({ concurrency: 2 });
  for (const key of ["a", "b", "c"]) controller.enqueue(key);
  await settled();
  expect(keys()).toEqual(["a", "b"]);
  runs[1]?.finish();
  await settled();
  expect(keys()).toEqual(["a", "b", "c"]);
});

test("a failing key is retried after 5 ms, then twice as long each time up to 30 s, and from 5 ms again after a success", async () => {
  const { clock, controller, runs } = start();
  controller.enqueue("a");
  const waits: number[] = [];
  for (let failures = 0; failures < 15; failures += 1) {
    const run = runs.at(-1);
    run?.fail(new Error("not yet"));
    await settled();
    await clock.advance(30_000);
    waits.push((runs.at(-1)?.at ?? 0) - (clock.now().getTime() - Date.UTC(2026, 0, 1) - 30_000));
  }
  expect(waits.slice(0, 5)).toEqual([5, 10, 20, 40, 80]);
  expect(waits.at(-1)).toBe(30_000);
  runs.at(-1)?.finish();
  await settled();
  controller.enqueue("a");
  await settled();
  runs.at(-1)?.fail(new Error("again"));
  await settled();
  const before = runs.length;
  await clock.advance(5);
  expect(runs).toHaveLength(before + 1);
});

test("a failing key does not hold up the others", async () => {
  const { controller, runs, keys } = start();
  controller.enqueue("bad");
  controller.enqueue("good");
  await settled();
  runs[0]?.fail(new Error("no"));
  await settled();
  expect(keys()).toEqual(["bad", "good"]);
});

test("a reconcile that throws before it returns is a failure like any other", async () => {
  const warnings: object[] = [];
  const logger: Logger = { ...silentLogger, warn: (fields) => warnings.push(fields) };
  const { clock, controller } = start({
    logger,
    reconcile: () => {
      throw new Error("broken");
    },
  });
  controller.enqueue("a");
  await settled();
  await clock.advance(5);
  expect(warnings).toMatchObject([
    { controller: "test", key: "a", error: "broken", failures: 1, afterMs: 5 },
    { failures: 2, afterMs: 10 },
  ]);
});

test("a key is looked at again after the time that the reconcile asked for, and the earlier of two times counts", async () => {
  const { clock, controller, runs } = start();
  controller.enqueue("a");
  await settled();
  runs[0]?.finish({ afterMs: 60_000 });
  await settled();
  controller.enqueue("a");
  await settled();
  runs[1]?.finish({ afterMs: 1000 });
  await settled();
  await clock.advance(999);
  expect(runs).toHaveLength(2);
  await clock.advance(1);
  expect(runs).toHaveLength(3);
  runs[2]?.finish();
  await settled();
  await clock.advance(120_000);
  expect(runs).toHaveLength(3);
});

test("drained waits for what was enqueued before the call, once, whether it went well or not", async () => {
  const { controller, runs } = start();
  let drained = 0;
  const wait = (): void => void controller.drained().then(() => (drained += 1));
  wait();
  await settled();
  expect(drained).toBe(1);
  controller.enqueue("a");
  controller.enqueue("a");
  controller.enqueue("b");
  wait();
  controller.enqueue("c");
  await settled();
  runs[0]?.finish();
  await settled();
  runs[1]?.fail(new Error("no"));
  await settled();
  runs[2]?.finish();
  await settled();
  // "a" was enqueued again while it was worked on, so its second run counts; "c" does not.
  expect(runs.map(({ key }) => key)).toEqual(["a", "b", "c", "a"]);
  expect(drained).toBe(1);
  runs[3]?.finish();
  await settled();
  expect(drained).toBe(2);
});

test("shutdown waits for the reconcile under way, starts no other and leaves no timer", async () => {
  const { clock, controller, runs, abort, ended } = start();
  controller.enqueue("late");
  await settled();
  runs[0]?.finish({ afterMs: 1000 });
  await settled();
  controller.enqueue("a");
  controller.enqueue("b");
  const drained = controller.drained();
  await settled();
  abort.abort();
  let over = false;
  void ended.then(() => (over = true));
  await settled();
  expect(over).toBe(false);
  runs[1]?.finish();
  await ended;
  await drained;
  controller.enqueue("c");
  await settled();
  expect(runs.map(({ key }) => key)).toEqual(["late", "a"]);
  expect(clock.sleeping).toBe(0);
});

test("a controller runs once", async () => {
  const { controller, abort, ended } = start();
  await expect(controller.run(abort.signal)).rejects.toThrow("has been run before");
  abort.abort();
  await ended;
});
