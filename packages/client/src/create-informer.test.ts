import { type ApiObject, type Clock, controlPlaneUser, expired, type Logger, silentLogger, unavailable } from "@dataplane/meta";
import { expect, test } from "vitest";
import type { ResourceRef } from "./api-client.js";
import { createApiClient } from "./create-client.js";
import { createInformer } from "./create-informer.js";
import { type Answer, failure, json, scripted, stream } from "./testing/scripted-server.js";

const things: ResourceRef = { group: "example.org", version: "v1", resource: "things", namespaced: true };

const thing = (name: string, resourceVersion: number, uid = name): ApiObject => ({
  apiVersion: "example.org/v1",
  kind: "Thing",
  metadata: { name, namespace: "default", uid, resourceVersion: String(resourceVersion) },
});

const list = (resourceVersion: number, items: readonly ApiObject[], more?: string): Answer =>
  json({
    apiVersion: "example.org/v1",
    kind: "ThingList",
    metadata: { resourceVersion: String(resourceVersion), ...(more === undefined ? {} : { continue: more }) },
    items,
  });

const event = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`;
const idle = stream([], { open: true });

/** Time that passes at once, and remembers how long it was slept. */
function hurriedClock(): Clock & { readonly slept: number[] } {
  const slept: number[] = [];
  let now = 0;
  return {
    slept,
    now: () => new Date(now),
    sleep: (ms) => {
      slept.push(ms);
      now += ms;
      return Promise.resolve();
    },
  };
}

/** Runs an informer against the script until `changes` differences were told. */
async function follow(changes: number, answers: readonly Answer[], logger: Logger = silentLogger) {
  const { handler, seen } = scripted(...answers);
  const clock = hurriedClock();
  const informer = createInformer({ client: createApiClient({ handler, user: controlPlaneUser }), resource: things, clock, logger });
  const abort = new AbortController();
  const told: string[] = [];
  informer.onChange(({ type, object, previous }) => {
    const from = previous === undefined ? "" : ` from ${previous.metadata.resourceVersion ?? ""}`;
    told.push(`${type} ${object.metadata.name} ${object.metadata.resourceVersion ?? ""}${from}`);
  });
  const running = informer.run(abort.signal);
  await expect.poll(() => told.length).toBeGreaterThanOrEqual(changes);
  const reached = informer.list().map(({ metadata }) => metadata.name);
  abort.abort();
  await running;
  return { told, seen, clock, informer, reached };
}

test("it lists in pages, then watches from the list's revision", async () => {
  const { told, seen, informer } = await follow(3, [
    list(5, [thing("a", 2)], "next"),
    list(5, [thing("b", 3)]),
    stream([event("MODIFIED", thing("a", 6))], { open: true }),
  ]);
  expect(told).toEqual(["added a 2", "added b 3", "modified a 6 from 2"]);
  expect(seen.map(({ query }) => query)).toEqual([
    { limit: "500" },
    { limit: "500", continue: "next" },
    { watch: "true", resourceVersion: "5", allowWatchBookmarks: "true", timeoutSeconds: expect.stringMatching(/^[3-5]\d\d$/) as string },
  ]);
  expect(informer.hasSynced).toBe(true);
  await informer.synced;
  expect(informer.get("a", "default")?.metadata.resourceVersion).toBe("6");
  expect(informer.get("a")).toBeUndefined();
});

test("it tells what was deleted, with what it was", async () => {
  const { told, informer } = await follow(2, [
    list(5, [thing("a", 2)]),
    stream([event("DELETED", thing("a", 6)), event("DELETED", thing("z", 7))], { open: true }),
  ]);
  expect(told).toEqual(["added a 2", "deleted a 6 from 2"]);
  expect(informer.list()).toEqual([]);
});

test("after a watch ends it goes on from the last revision it saw, also that of a bookmark", async () => {
  const { seen } = await follow(2, [
    list(5, [thing("a", 2)]),
    stream([event("BOOKMARK", { apiVersion: "example.org/v1", kind: "Thing", metadata: { resourceVersion: "9" } })]),
    stream([event("ADDED", thing("b", 10))], { open: true }),
  ]);
  expect(seen.map(({ query }) => query["resourceVersion"])).toEqual([undefined, "5", "9"]);
});

test("after 410 it lists again at once and tells the differences", async () => {
  const { told, seen, clock, reached } = await follow(6, [
    list(5, [thing("kept", 2), thing("changed", 3), thing("gone", 4), thing("replaced", 5, "first")]),
    stream([event("ERROR", failure(expired()))]),
    list(20, [thing("kept", 2), thing("changed", 12), thing("new", 13), thing("replaced", 14, "second")]),
    idle,
  ]);
  expect(told.slice(0, 4)).toEqual(["added kept 2", "added changed 3", "added gone 4", "added replaced 5"]);
  expect(told.slice(4)).toEqual([
    "deleted gone 4 from 4",
    "modified changed 12 from 3",
    "added new 13",
    "deleted replaced 5 from 5",
    "added replaced 14",
  ]);
  expect(clock.slept).toEqual([]);
  expect(seen[2]?.query).toEqual({ limit: "500" });
  expect(reached).toEqual(["kept", "changed", "new", "replaced"]);
});

test("failures are waited for longer each time, up to 30 s, and the watch then goes on where it was", async () => {
  const away = json(failure(unavailable("away")), 503);
  const { clock, seen } = await follow(2, [
    list(5, [thing("a", 2)]),
    ...Array.from({ length: 12 }, () => away),
    stream([event("ADDED", thing("b", 6))], { open: true }),
  ]);
  expect(clock.slept).toHaveLength(12);
  for (const [index, ms] of clock.slept.entries()) {
    const most = Math.min(30_000, 100 * 2 ** index);
    expect(ms).toBeGreaterThanOrEqual(most / 2);
    expect(ms).toBeLessThanOrEqual(most);
  }
  expect(seen.at(-1)?.query["resourceVersion"]).toBe("5");
});

test("a server that ends each watch at once is not asked in a loop", async () => {
  const { clock } = await follow(2, [list(5, [thing("a", 2)]), stream([]), stream([]), stream([event("ADDED", thing("b", 6))], { open: true })]);
  expect(clock.slept).toHaveLength(2);
});

test("a failed first list is tried again, and synced waits for it", async () => {
  const { told, informer } = await follow(1, [json(failure(unavailable("away")), 503), list(5, [thing("a", 2)]), idle]);
  expect(told).toEqual(["added a 2"]);
  await informer.synced;
});

test("a listener that throws is logged and does not keep the others from hearing", async () => {
  const errors: object[] = [];
  const logger: Logger = { ...silentLogger, error: (fields) => errors.push(fields), child: () => logger };
  const { handler } = scripted(list(5, [thing("a", 2)]), idle);
  const informer = createInformer({ client: createApiClient({ handler, user: controlPlaneUser }), resource: things, clock: hurriedClock(), logger });
  const abort = new AbortController();
  const heard: string[] = [];
  informer.onChange(() => {
    throw new Error("broken");
  });
  const stop = informer.onChange(() => heard.push("stopped"));
  informer.onChange(({ object }) => heard.push(object.metadata.name));
  stop();
  const running = informer.run(abort.signal);
  await informer.synced;
  abort.abort();
  await running;
  expect(heard).toEqual(["a"]);
  expect(errors).toHaveLength(1);
});
