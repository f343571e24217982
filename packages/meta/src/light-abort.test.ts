import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { LightAbort } from "./light-abort.js";
import { LinkedAbort } from "./linked-abort.js";
import { TimeLimit } from "./time-limit.js";

function lightOne(): { readonly signal: AbortSignal; abort(reason?: unknown): void } {
  const light = new LightAbort();
  return { signal: light, abort: (reason) => light.abort(reason) };
}

test.each([
  ["Node's own", (): { readonly signal: AbortSignal; abort(reason?: unknown): void } => new AbortController()],
  ["the light one", lightOne],
])("%s tells each listener once, in their order, with its reason at hand, and those that were taken away nothing", (_name, make) => {
  const controller = make();
  const { signal } = controller;
  const heard: string[] = [];
  const first = (event: Event): void => void heard.push(`first ${event.type} ${String(signal.reason)}`);
  const removed = (): void => void heard.push("removed");
  const late = (): void => void heard.push("late");
  signal.addEventListener("abort", first);
  signal.addEventListener("abort", first);
  signal.addEventListener("abort", removed);
  signal.addEventListener("abort", { handleEvent: () => void heard.push("object") }, { once: true });
  signal.addEventListener("abort", () => signal.removeEventListener("abort", late));
  signal.addEventListener("abort", late);
  signal.addEventListener("other", () => void heard.push("other"));
  signal.onabort = () => void heard.push("property");
  signal.removeEventListener("abort", removed);
  expect(signal.aborted).toBe(false);
  expect(() => signal.throwIfAborted()).not.toThrow();
  controller.abort("why");
  controller.abort("again");
  expect(signal.aborted).toBe(true);
  expect(signal.reason).toBe("why");
  expect(heard.toSorted()).toEqual(["first abort why", "object", "property"]);
  expect(() => signal.throwIfAborted()).toThrow("why");
});

test("without a reason it is an AbortError, as with Node's own", () => {
  const light = new LightAbort();
  light.abort();
  expect(light.reason).toMatchObject({ name: "AbortError" });
});

test("what takes an AbortSignal takes it: timers, events, limits and signals that follow it", async () => {
  const light = new LightAbort();
  const waits = [sleep(60_000, undefined, { signal: light }), once(new EventTarget(), "never", { signal: light })];
  const linked = new LinkedAbort(light);
  const limit = new TimeLimit({ ms: 60_000, signal: light });
  const target = new EventTarget();
  let heard = 0;
  target.addEventListener("x", () => (heard += 1), { signal: light });
  target.dispatchEvent(new Event("x"));
  light.abort(new Error("over"));
  target.dispatchEvent(new Event("x"));
  for (const wait of waits) await expect(wait).rejects.toMatchObject({ name: "AbortError" });
  expect([linked.signal.aborted, limit.signal.aborted, limit.isOver, heard]).toEqual([true, true, false, 1]);
  expect(new LinkedAbort(light).signal.reason).toBe(light.reason);
});

test("it listens no longer than another signal lets it", () => {
  const [light, until] = [new LightAbort(), new AbortController()];
  let heard = 0;
  light.addEventListener("abort", () => (heard += 1), { signal: until.signal });
  until.abort();
  light.addEventListener("abort", () => (heard += 1), { signal: until.signal });
  light.abort();
  expect(heard).toBe(0);
});
