import { execFile } from "node:child_process";
import { getEventListeners } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test, vi } from "vitest";
import { aborted } from "./aborted.js";
import { LinkedAbort } from "./linked-abort.js";
import { TimeLimit } from "./time-limit.js";

test("a limit aborts with a TimeoutError when its time is over, and says that it was the limit", async () => {
  const limit = new TimeLimit({ ms: 5 });
  await held(limit.signal);
  expect(limit.isOver).toBe(true);
  expect(limit.signal.reason).toMatchObject({ name: "TimeoutError" });
  expect(limit.signal.reason).toBeInstanceOf(Error);
});

test("a limit may have a reason of its own", async () => {
  const limit = new TimeLimit({ ms: 1, reason: () => new RangeError("too slow") });
  await held(limit.signal);
  expect(limit.signal.reason).toStrictEqual(new RangeError("too slow"));
});

test("the outer signal ends a limit with its own reason, which is not the limit's end", async () => {
  const outer = new AbortController();
  const limit = new TimeLimit({ ms: 10, signal: outer.signal });
  outer.abort(new Error("the caller left"));
  expect(limit.signal.reason).toStrictEqual(new Error("the caller left"));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(limit.isOver).toBe(false);
  expect(new TimeLimit({ ms: 10, signal: outer.signal }).signal.aborted).toBe(true);
});

test("a limit that was stopped still follows the outer signal, one that was released does not", () => {
  vi.useFakeTimers();
  try {
    const outer = new AbortController();
    const [stopped, released] = [new TimeLimit({ ms: 10, signal: outer.signal }), new TimeLimit({ ms: 10, signal: outer.signal })];
    stopped.stop();
    released.release();
    vi.advanceTimersByTime(1_000);
    expect([stopped.signal.aborted, released.signal.aborted]).toStrictEqual([false, false]);
    outer.abort();
    expect([stopped.signal.aborted, released.signal.aborted]).toStrictEqual([true, false]);
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test("a limit that is refreshed begins anew, and one longer than timers can wait does not end at once", () => {
  vi.useFakeTimers();
  try {
    const [limit, endless, none] = [new TimeLimit({ ms: 10 }), new TimeLimit({ ms: Number.POSITIVE_INFINITY }), new TimeLimit({ ms: undefined })];
    vi.advanceTimersByTime(9);
    limit.refresh();
    vi.advanceTimersByTime(9);
    expect(limit.isOver).toBe(false);
    vi.advanceTimersByTime(1);
    expect([limit.isOver, endless.isOver, none.isOver]).toStrictEqual([true, false, false]);
    endless.release();
  } finally {
    vi.useRealTimers();
  }
});

test("however many follow a signal, one listener is at it, and none of them is told after it was released", () => {
  const outer = new AbortController();
  const all = Array.from({ length: 100 }, () => new LinkedAbort(outer.signal));
  expect(getEventListeners(outer.signal, "abort")).toHaveLength(1);
  for (const it of all.slice(50)) it.release();
  outer.abort(new Error("the server stops"));
  expect(all.map(({ signal }) => signal.aborted)).toStrictEqual(all.map((_, index) => index < 50));
});

test("many may listen to one, and nobody is warned of a leak", async () => {
  const warned = vi.fn();
  process.on("warning", warned);
  const { signal } = new LinkedAbort();
  for (let count = 0; count < 50; count++) signal.addEventListener("abort", () => undefined);
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", warned);
  expect(warned).not.toHaveBeenCalled();
});

test("a linked abort follows each of its signals, and lets go of all of them with the first", () => {
  const [one, other] = [new AbortController(), new AbortController()];
  const linked = new LinkedAbort(one.signal, undefined, other.signal);
  const late = new LinkedAbort(one.signal, other.signal);
  late.abort("left early");
  other.abort("other");
  expect([linked.signal.reason, late.signal.reason]).toStrictEqual(["other", "left early"]);
  expect(new LinkedAbort(one.signal, other.signal).signal.reason).toBe("other");
});

test("limits end in time however often garbage is collected, and those that are kept leave nothing", async () => {
  // In a process of its own, whose garbage can be collected at will.
  const script = fileURLToPath(new URL("testing/collected-limits.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", "--import", "tsx", script]);
  expect(stdout.trim()).toBe("50 of 50 ended; a kept one left less than 100 bytes: true");
});

/** The limits' timers keep no process alive; nor would a test wait for them in vain. */
const held = (signal: AbortSignal): Promise<void> => Promise.race([aborted(signal), new Promise<void>((resolve) => setTimeout(resolve, 2_000))]);
