import { setTimeout as sleep } from "node:timers/promises";
import { ManualClock, settled } from "@dataplane/controller/testing";
import type { Condition, JsonObject } from "@dataplane/meta";
import { expect, test } from "vitest";
import { apiServiceFrom, apiServicesRef } from "./apiservice.js";
import { RemoteFailure } from "./remote/remote-transport.js";
import { anApiService, aRemote, eventually, startKubeAggregator, type TestKubeAggregator } from "./testing/start-kube-aggregator.js";
import { type Told, toldTransport, unreachable } from "./testing/told-transport.js";

const name = "v1.metrics.example.com";
const path = "/apis/metrics.example.com/v1";
const remote = anApiService(name, aRemote);
const sample: JsonObject = { name: "samples", singularName: "sample", namespaced: true, kind: "Sample", verbs: ["get", "list"] };
const listOf = (...resources: readonly JsonObject[]): JsonObject => ({ kind: "APIResourceList", groupVersion: "metrics.example.com/v1", resources });
const status = (code: number, headers: Record<string, string> = {}): Told => ({ status: code, headers });

const available = ({ services }: TestKubeAggregator, of = name): Condition | undefined => {
  const object = services.get(of);
  return object === undefined ? undefined : apiServiceFrom(object).conditions.find(({ type }) => type === "Available");
};

/** Turns the clock until the condition is of that status; the milliseconds that it took. */
async function until(it: TestKubeAggregator, clock: ManualClock, wanted: string): Promise<number> {
  const started = clock.now().getTime();
  while (available(it)?.status !== wanted) {
    await clock.advance(50);
    // The write of the condition needs no time of this clock, but some turns.
    await sleep(1);
    for (let turn = 0; turn < 10; turn++) await settled();
    if (clock.now().getTime() - started > 60_000) throw new Error(`it is not ${wanted} within a minute`);
  }
  return clock.now().getTime() - started;
}

/** Turns the clock, with time for what each step of it sets going: writes of conditions take many turns. */
async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 50) {
    await clock.advance(50);
    for (let turn = 0; turn < 10; turn++) await settled();
  }
}

/** Until nobody waits for it any more. */
const silent = (signal: AbortSignal): Promise<Told> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
  });

test.each<[string, Told, string, string]>([
  [
    "does not answer",
    unreachable,
    "FailedDiscoveryCheck",
    `failing or missing response from ${path}: metrics.backends.svc:443: connect ECONNREFUSED`,
  ],
  ["answers 500", status(500), "FailedDiscoveryCheck", `failing or missing response from ${path}: bad status: 500`],
  ["knows nobody", status(401), "FailedDiscoveryCheck", `failing or missing response from ${path}: bad status: 401`],
  ["redirects", status(302, { location: "/" }), "FailedDiscoveryCheck", `failing or missing response from ${path}: bad status: 302`],
  [
    "compresses",
    status(200, { "content-encoding": "gzip" }),
    "FailedDiscoveryCheck",
    `failing or missing response from ${path}: the answer is compressed`,
  ],
  [
    "serves pages",
    "<html>\u001b[2J</html>",
    "FailedDiscoveryCheck",
    `failing or missing response from ${path}: the body is not valid JSON: unexpected character at offset 0 (line 1, column 1)`,
  ],
  [
    "lists another group",
    { ...listOf(), groupVersion: "other.example.com/v1" },
    "FailedDiscoveryCheck",
    `failing or missing response from ${path}: it is no list of resources`,
  ],
  [
    "is nowhere",
    new RemoteFailure("ServiceNotFound", 'service/metrics in "backends" is not present'),
    "ServiceNotFound",
    'service/metrics in "backends" is not present',
  ],
  [
    "has no such port",
    new RemoteFailure("ServicePortError", "service/metrics is not listening on port 443"),
    "ServicePortError",
    "service/metrics is not listening on port 443",
  ],
  [
    "has no address",
    new RemoteFailure("EndpointsNotFound", "service/metrics has no cluster IP"),
    "EndpointsNotFound",
    "service/metrics has no cluster IP",
  ],
])("a server that %s is unavailable, in kube-aggregator's words", async (_what, told, reason, message) => {
  await using it = await startKubeAggregator({ stored: [remote], transport: toldTransport(() => told) });
  await eventually(() => expect(available(it)).toMatchObject({ status: "False", reason, message }));
});

test("one that is well has passed, asked as system:kube-aggregator", async () => {
  const users: string[] = [];
  const transport = toldTransport(({ user }) => {
    users.push([user.name, ...user.groups].join());
    return listOf(sample);
  });
  await using it = await startKubeAggregator({ stored: [remote], transport });
  await eventually(() => expect(available(it)).toMatchObject({ status: "True", reason: "Passed", message: "all checks passed" }));
  expect([...new Set(users)]).toEqual(["system:kube-aggregator,system:masters,system:authenticated"]);
});

test("one that dies is found within 5 s, one that is mended is back within 5 s", async () => {
  const clock = new ManualClock();
  let told: Told = listOf(sample);
  await using it = await startKubeAggregator({ stored: [remote], transport: toldTransport(() => told), clock });
  await until(it, clock, "True");
  for (let round = 0; round < 5; round++) {
    told = unreachable;
    expect(await until(it, clock, "False")).toBeLessThan(5_000);
    told = listOf(sample);
    expect(await until(it, clock, "True")).toBeLessThan(5_000);
  }
});

test.each([0, 130, 490, 770])(
  "one that comes and goes each second for ten minutes turns twice a minute at most, from %i ms into a second",
  async (phase) => {
    const clock = new ManualClock();
    const transport = toldTransport(() => ((clock.now().getTime() + phase) % 1_000 < 500 ? listOf(sample) : unreachable));
    await using it = await startKubeAggregator({ stored: [remote], transport, clock });
    await eventually(() => expect(available(it)).toBeDefined());
    const writes: number[] = [];
    it.services.onChange(({ object }) => {
      if (object.metadata.name === name) writes.push(clock.now().getTime());
    });
    await pass(clock, 600_000);
    // It was looked at all the time, whatever it was called.
    expect(transport.asked.filter((asked) => asked === path).length).toBeGreaterThan(1_000);
    const mostInAMinute = Math.max(0, ...writes.map((at) => writes.filter((other) => other >= at && other < at + 60_000).length));
    expect(mostInAMinute).toBeLessThanOrEqual(2);
  },
);

test("one failed try makes nobody unavailable", async () => {
  const clock = new ManualClock();
  let asked = 0;
  const transport = toldTransport(() => (asked++ % 3 === 1 ? unreachable : listOf(sample)));
  await using it = await startKubeAggregator({ stored: [remote], transport, clock });
  await until(it, clock, "True");
  const seen: string[] = [];
  it.services.onChange(({ object }) => seen.push(object.metadata.name));
  await pass(clock, 60_000);
  expect([asked > 30, seen]).toEqual([true, []]);
});

test("a probe that was on its way when the authority was exchanged makes nobody unavailable", async () => {
  const clock = new ManualClock();
  const waiting: ((told: Told) => void)[] = [];
  let isHeld = false;
  const transport = toldTransport(() => (isHeld ? new Promise<Told>((resolve) => waiting.push(resolve)) : listOf(sample)));
  await using it = await startKubeAggregator({ stored: [remote], transport, clock });
  await until(it, clock, "True");
  const statuses: (string | undefined)[] = [];
  it.services.onChange(() => statuses.push(available(it)?.status));
  isHeld = true;
  for (let left = 100; waiting.length === 0 && left > 0; left--) await pass(clock, 50);
  isHeld = false;
  const spec = { insecureSkipTLSVerify: false, caBundle: Buffer.from("the next one").toString("base64") };
  await it.client.patch(apiServicesRef, { name }, "application/merge-patch+json", { spec });
  await eventually(() => expect(statuses).toEqual(["True"]));
  for (const answer of waiting) answer(new RemoteFailure("ServiceNotFound", "as it was told before"));
  await pass(clock, 5_000);
  expect([waiting.length, ...statuses]).toEqual([1, "True"]);
});

test("one that is silent holds nobody up, and is told of in time", async () => {
  const other = anApiService("v1.other.example.com", { service: { namespace: "backends", name: "other", port: 443 } });
  const transport = toldTransport((request) =>
    request.path.startsWith(path) ? silent(request.signal) : { ...listOf(), groupVersion: "other.example.com/v1" },
  );
  await using it = await startKubeAggregator({ stored: [remote, other], transport });
  await eventually(() => expect(available(it, "v1.other.example.com")).toMatchObject({ status: "True" }));
  expect(available(it)).toBeUndefined();
  await eventually(() => expect(available(it)?.message).toBe(`failing or missing response from ${path}: no answer in time`));
});

test("an OpenAPI document that never ends keeps nobody from noticing that its server is gone", async () => {
  const clock = new ManualClock();
  let isWell = true;
  const transport = toldTransport((request) => {
    if (request.path.startsWith("/openapi")) return silent(request.signal);
    return isWell ? listOf(sample) : unreachable;
  });
  await using it = await startKubeAggregator({ stored: [remote], transport, clock });
  await until(it, clock, "True");
  await eventually(() => expect(transport.asked).toContain(`/openapi/v3${path}`));
  isWell = false;
  expect(await until(it, clock, "False")).toBeLessThan(5_000);
});

test("other words for the same failure are written twice a minute at most", async () => {
  const clock = new ManualClock();
  let asked = 0;
  const transport = toldTransport(() => status(500 + (asked++ % 2)));
  await using it = await startKubeAggregator({ stored: [remote], transport, clock });
  await until(it, clock, "False");
  let writes = 0;
  it.services.onChange(() => (writes += 1));
  await pass(clock, 120_000);
  expect(asked).toBeGreaterThan(200);
  expect(writes).toBeGreaterThanOrEqual(2);
  expect(writes).toBeLessThanOrEqual(4);
});

test("discovery lists what was seen: stale without resources before, with them while it is away, gone with its APIService", async () => {
  const clock = new ManualClock();
  let answer = (_told: Told): void => undefined;
  let told: Promise<Told> | Told = new Promise<Told>((resolve) => {
    answer = resolve;
  });
  await using it = await startKubeAggregator({ stored: [remote], transport: toldTransport(() => told), clock });
  const listed = () =>
    it.remoteGroups.served().map(({ group, version, freshness, resources }) => [group, version, freshness, resources.map((r) => r.name)]);
  const as = (freshness: string, ...resources: readonly string[]) => [["metrics.example.com", "v1", freshness, resources]];
  await eventually(() => expect(listed()).toEqual(as("Stale")));
  answer(listOf(sample));
  await eventually(() => expect(listed()).toEqual(as("Current", "samples")));
  told = unreachable;
  await until(it, clock, "False");
  expect(listed()).toEqual(as("Stale", "samples"));
  await it.client.delete(apiServicesRef, { name });
  await eventually(() => expect(listed()).toEqual([]));
});

test("a server that is back, or serves something new, is described anew at once", async () => {
  const clock = new ManualClock();
  let told: Told = listOf(sample);
  const transport = toldTransport((request) => (request.path.startsWith("/openapi") ? status(404) : told));
  await using it = await startKubeAggregator({ stored: [remote], transport, clock });
  const descriptions = (): number => transport.asked.filter((asked) => asked.startsWith("/openapi/v3")).length;
  await until(it, clock, "True");
  await eventually(() => expect(descriptions()).toBe(1));
  told = listOf(sample, { ...sample, name: "others", kind: "Other" });
  await clock.advance(3_000);
  await eventually(() => expect(descriptions()).toBe(2));
  told = unreachable;
  await until(it, clock, "False");
  told = listOf(sample);
  await until(it, clock, "True");
  await eventually(() => expect(descriptions()).toBe(3));
});

test("a Service that moves makes its own servers be asked again, and no others", async () => {
  const clock = new ManualClock();
  const transport = toldTransport(() => listOf(sample));
  await using it = await startKubeAggregator({ stored: [remote], transport, clock });
  await until(it, clock, "True");
  await clock.advance(0);
  const asked = (): number => transport.asked.filter((it) => it === path).length;
  const before = asked();
  it.availability.lookAgain("backends/other");
  await clock.advance(0);
  expect(asked()).toBe(before);
  it.availability.lookAgain("backends/metrics");
  await eventually(() => expect(asked()).toBe(before + 1));
});
