import { ApiError, silentLogger, systemGroups } from "@dataplane/meta";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Channel } from "./channel.js";
import type { SubscribeRequest, Subscription } from "./channels.js";
import { RightsWatch, type SubscriberRights } from "./rights-watch.js";

beforeEach(() => vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "Date"] }));
afterEach(() => vi.useRealTimers());

const allowed = (): Promise<void> => Promise.resolve();
const limits = { history: { messages: 10, bytes: 1000 }, queue: { messages: 10, bytes: 1000 }, patienceMs: 10 };

function start() {
  const channel = new Channel({ pluginId: "p", namespace: "default", path: "a" }, limits, silentLogger);
  const subscribe = (rights: SubscriberRights): { readonly subscription: Subscription; readonly leave: AbortController } => {
    const leave = new AbortController();
    const request: SubscribeRequest = {
      ...{ key: channel.key, user: { name: "ann", groups: [systemGroups.authenticated] }, headers: {} },
      ...{ data: new Uint8Array(), rights, signal: leave.signal },
    };
    return { subscription: channel.subscribe(request, undefined), leave };
  };
  return { channel, subscribe };
}

/** How it ends. */
const endOf = (subscription: Subscription): Promise<unknown> =>
  subscription
    .forEachBatch(() => undefined)
    .then(
      () => "ended",
      (thrown: unknown) => thrown,
    );

test("who may no longer read is told so within a minute, and the others read on", async () => {
  const { channel, subscribe } = start();
  const rights = { isAllowed: true };
  const check = vi.fn(() => (rights.isAllowed ? allowed() : Promise.reject(new ApiError("Forbidden", "no more"))));
  const ended = endOf(subscribe({ check }).subscription);
  subscribe({ check: allowed });
  await vi.advanceTimersByTimeAsync(60_000);
  expect([check.mock.calls.length, channel.size]).toEqual([1, 2]);
  rights.isAllowed = false;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await ended).toMatchObject({ reason: "Forbidden", message: "no more" });
  expect([check.mock.calls.length, channel.size]).toEqual([2, 1]);
});

test("a credential that expires ends what it opened, within a second", async () => {
  const { channel, subscribe } = start();
  const ended = endOf(subscribe({ check: allowed, expires: Date.now() + 5_500 }).subscription);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(channel.size).toBe(1);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await ended).toMatchObject({ reason: "Unauthorized", code: 401 });
});

test("a check that cannot be made ends nobody", async () => {
  const { channel, subscribe } = start();
  subscribe({ check: () => Promise.reject(new ApiError("ServiceUnavailable", "not now")) });
  await vi.advanceTimersByTimeAsync(180_000);
  expect(channel.size).toBe(1);
});

test("who has left is looked at no more, and nobody's timer is left", async () => {
  const { subscribe } = start();
  const check = vi.fn(allowed);
  const { leave } = subscribe({ check });
  expect(vi.getTimerCount()).toBe(1);
  leave.abort();
  await vi.advanceTimersByTimeAsync(120_000);
  expect([check.mock.calls.length, vi.getTimerCount()]).toEqual([0, 0]);
});

test("ten thousand are checked in turns, each once", async () => {
  const watch = new RightsWatch(silentLogger);
  let checks = 0;
  const stops = Array.from({ length: 10_000 }, () =>
    watch.add(
      {
        check: () => {
          checks += 1;
          return allowed();
        },
      },
      () => undefined,
    ),
  );
  await vi.advanceTimersByTimeAsync(60_000);
  await vi.waitFor(() => {
    expect(checks).toBe(10_000);
  });
  for (const stop of stops) stop();
  expect(vi.getTimerCount()).toBe(0);
});
