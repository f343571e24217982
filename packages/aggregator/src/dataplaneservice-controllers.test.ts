import { expect, test } from "vitest";
import { dataPlaneServicesRef } from "./dataplaneservice.js";
import { aDataPlaneService } from "./testing/a-data-plane-service.js";
import { aPlugin } from "./testing/a-plugin.js";
import { startControllers } from "./testing/start-controllers.js";

const name = "v0alpha1.prometheus.grafana.app";
const query = { body: { queries: [{ refId: "A" }] } };
const queryPath = "/apis/prometheus.grafana.app/v0alpha1/namespaces/default/datasources/main/query";

test("a stored service is served, and its conditions say so", async () => {
  await using it = await startControllers({ plugins: [aPlugin({ id: "prometheus" })] });
  await it.api.create(dataPlaneServicesRef, aDataPlaneService({ plugin: "prometheus" }));
  await it.until(() => (it.condition(name, "Available")?.status === "True" ? true : undefined));
  expect(it.condition(name, "PluginLoaded")).toMatchObject({ status: "True", reason: "Loaded" });
  expect((await it.send("POST", queryPath, query)).status).toBe(200);
});

test("a deleted service is gone within a second, whoever deleted it", async () => {
  await using it = await startControllers({ plugins: [aPlugin({ id: "prometheus" })] });
  await it.api.create(dataPlaneServicesRef, aDataPlaneService({ plugin: "prometheus" }));
  await it.until(() => it.aggregator.names[0]);
  await it.api.delete(dataPlaneServicesRef, { name });
  await it.until(() => (it.aggregator.names.length === 0 ? true : undefined));
  expect((await it.send("POST", queryPath, query)).status).not.toBe(503);
});

test("a write through the aggregator is obeyed before it is answered, 100 times in 100", async () => {
  await using it = await startControllers({ plugins: [aPlugin({ id: "prometheus" })] });
  for (let round = 0; round < 100; round += 1) {
    await it.api.create(dataPlaneServicesRef, aDataPlaneService({ plugin: "prometheus" }));
    await it.send("PATCH", `/apis/aggregation.grafana.app/v0alpha1/dataplaneservices/${name}`);
    expect(it.aggregator.names).toEqual([name]);
    await it.send("DELETE", `/apis/aggregation.grafana.app/v0alpha1/dataplaneservices/${name}`);
    expect(it.aggregator.names).toEqual([]);
  }
});

test("conditions follow the plugin, and a status is written only when it changed", async () => {
  await using it = await startControllers({ plugins: [aPlugin({ id: "prometheus" })] });
  await it.api.create(dataPlaneServicesRef, aDataPlaneService({ plugin: "prometheus" }));
  await it.until(() => (it.condition(name, "Available")?.status === "True" ? true : undefined));
  it.plugins.set(aPlugin({ id: "prometheus", state: { phase: "backoff", reason: "BackOff", message: "exit code 1", restarts: 3 } }));
  await it.until(() => (it.condition(name, "Available")?.reason === "BackOff" ? true : undefined));
  const writes = (): number => it.api.calls.filter((call) => call.startsWith("patch")).length;
  const before = writes();
  it.plugins.set(aPlugin({ id: "prometheus", state: { phase: "backoff", reason: "BackOff", message: "exit code 1", restarts: 3 } }));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(writes()).toBe(before);
  const events = [...it.api.objects.values()].filter(({ kind }) => kind === "Event");
  expect(events).toHaveLength(1);
  expect(events[0]).toMatchObject({ type: "Warning", reason: "PluginBackOff", regarding: { kind: "DataPlaneService", name } });
});

test("the later of two services says GroupConflict, and follows when the elder goes", async () => {
  await using it = await startControllers({ plugins: [aPlugin({ id: "prometheus" }), aPlugin({ id: "loki" })] });
  const group = "metrics.example.com";
  await it.api.create(dataPlaneServicesRef, aDataPlaneService({ plugin: "loki", name: "a-later", group, created: "2026-01-02T00:00:00Z" }));
  await it.until(() => (it.condition("a-later", "Available")?.status === "True" ? true : undefined));
  await it.api.create(dataPlaneServicesRef, aDataPlaneService({ plugin: "prometheus", name: "elder", group, created: "2026-01-01T00:00:00Z" }));
  await it.until(() => (it.condition("a-later", "Available")?.reason === "GroupConflict" ? true : undefined));
  await it.until(() => (it.condition("elder", "Available")?.status === "True" ? true : undefined));
  await it.api.delete(dataPlaneServicesRef, { name: "elder" });
  await it.until(() => (it.condition("a-later", "Available")?.status === "True" ? true : undefined));
  expect(it.aggregator.conflictOf("a-later")).toBeUndefined();
});

test("each data source plugin has a managed service in its own group, made again when deleted", async () => {
  await using it = await startControllers({ plugins: [aPlugin({ id: "prometheus" }), aPlugin({ id: "acme-app", type: "app" })], managed: true });
  const own = "v0alpha1.prometheus.datasource.grafana.app";
  const stored = () => [...it.api.objects.values()].filter(({ kind }) => kind === "DataPlaneService");
  await it.until(() => stored()[0]);
  expect(stored()).toHaveLength(1);
  expect(stored()[0]).toMatchObject({
    metadata: { name: own, labels: { "dataplane/managed": "true" } },
    spec: { pluginID: "prometheus", services: [{ type: "query" }, { type: "route", path: "datasources/{uid}/resources/*" }] },
  });
  await it.until(() => (it.condition(own, "Available")?.status === "True" ? true : undefined));
  await it.api.delete(dataPlaneServicesRef, { name: own });
  await it.until(() => stored()[0]);
});
