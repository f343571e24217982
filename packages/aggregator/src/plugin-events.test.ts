import { dataPlaneServicesRef } from "@dataplane/clientset";
import { type ApiObject, isJsonObject } from "@dataplane/meta";
import { expect, test } from "vitest";
import { aDataPlaneService } from "./testing/a-data-plane-service.js";
import { aPlugin } from "./testing/a-plugin.js";
import { startControllers, type TestControllers } from "./testing/start-controllers.js";

const name = "v0alpha1.p.grafana.app";
const eventsRef = { group: "events.k8s.io", version: "v1", resource: "events", namespaced: true };
const plugin = (state: Parameters<typeof aPlugin>[0]["state"]) => aPlugin({ id: "p", state: { ...state } });

async function startWithService(): Promise<TestControllers> {
  const it = await startControllers({ plugins: [aPlugin({ id: "p" })] });
  await it.elsewhere.create(dataPlaneServicesRef, aDataPlaneService({ plugin: "p" }));
  await it.until(async () => ((await it.condition(name, "Available"))?.status === "True" ? true : undefined));
  return it;
}

const eventsOf = async (it: TestControllers): Promise<readonly ApiObject[]> => (await it.elsewhere.list(eventsRef)).items;
const countOf = ({ series }: ApiObject): unknown => (isJsonObject(series) ? series["count"] : 1);
const summary = (events: readonly ApiObject[]): object =>
  Object.fromEntries(events.map((event) => [typeof event["reason"] === "string" ? event["reason"] : "", countOf(event)]));
const untilEvents = (it: TestControllers, expected: object): Promise<readonly ApiObject[]> =>
  it.until(async () => {
    const events = await eventsOf(it);
    return JSON.stringify(summary(events), Object.keys(expected).sort()) === JSON.stringify(expected, Object.keys(expected).sort()) &&
      events.length === Object.keys(expected).length
      ? events
      : undefined;
  });

test("a crash loop is one event a reason, whose series counts", async () => {
  await using it = await startWithService();
  for (let restarts = 1; restarts <= 20; restarts++) {
    it.plugins.set(plugin({ phase: "starting", reason: "Crashed", message: `exit ${restarts}`, restarts: restarts - 1 }));
    // Told twice, as a host does that has more to say of it.
    it.plugins.set(plugin({ phase: "starting", reason: "Crashed", message: `exit ${restarts}`, restarts: restarts - 1 }));
    it.plugins.set(plugin({ phase: "backoff", reason: "BackOff", message: "again in 2 s", restarts: restarts - 1 }));
    it.plugins.set(plugin({ phase: "running", reason: "Running", restarts }));
  }
  const events = await untilEvents(it, { PluginCrashed: 20, PluginBackOff: 20, PluginStarted: 20 });
  const crashed = events.find(({ reason }) => reason === "PluginCrashed");
  expect(crashed).toMatchObject({
    type: "Warning",
    note: 'plugin "p": exit 20',
    regarding: { kind: "DataPlaneService", name, apiVersion: "aggregation.grafana.app/v0alpha1" },
    series: { count: 20, lastObservedTime: expect.stringMatching(/^\d{4}-[\d-]{5}T[\d:]{8}\.\d{6}Z$/) as string },
  });
});

test("a reload is told as one, also when it did not go well", async () => {
  await using it = await startWithService();
  const reload = { outcome: "Reloaded", message: "process 2 took the place of 1", at: new Date(1000) } as const;
  it.plugins.set(plugin({ phase: "running", reason: "Running", restarts: 1, reload }));
  it.plugins.set(plugin({ phase: "running", reason: "Running", restarts: 1, reload }));
  await untilEvents(it, { PluginReloaded: 1 });
  const failed = { outcome: "ReloadFailed", message: "it does not start", at: new Date(2000) } as const;
  it.plugins.set(plugin({ phase: "running", reason: "Running", restarts: 1, reload: failed }));
  const events = await untilEvents(it, { PluginReloaded: 1, PluginReloadFailed: 1 });
  expect(events.find(({ reason }) => reason === "PluginReloadFailed")).toMatchObject({
    type: "Warning",
    note: 'plugin "p" goes on as it was: it does not start',
  });
});

test("a service that is changed says what it serves now", async () => {
  await using it = await startWithService();
  await it.elsewhere.patch(dataPlaneServicesRef, { name }, "application/merge-patch+json", { spec: { services: [{ type: "admission" }] } });
  const [event] = await untilEvents(it, { ConfigChanged: 1 });
  expect(event).toMatchObject({ type: "Normal", note: "generation 2: p.grafana.app/v0alpha1 serves admission" });
});

test("the process's health is a condition of its own", async () => {
  await using it = await startWithService();
  expect(await it.condition(name, "Healthy")).toMatchObject({ status: "True", reason: "Passed" });
  it.plugins.set(plugin({ phase: "starting", reason: "HealthCheckFailed", message: "the process does not answer its health check" }));
  await it.until(async () => ((await it.condition(name, "Healthy"))?.reason === "HealthCheckFailed" ? true : undefined));
  expect(await it.condition(name, "Available")).toMatchObject({ status: "False", reason: "HealthCheckFailed" });
});
