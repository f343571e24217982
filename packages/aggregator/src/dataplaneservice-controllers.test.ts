import { dataPlaneServicesRef } from "@dataplane/clientset";
import type { ApiObject } from "@dataplane/meta";
import { expect, test } from "vitest";
import { aDataPlaneService } from "./testing/a-data-plane-service.js";
import { aPlugin } from "./testing/a-plugin.js";
import { startControllers, type TestControllers } from "./testing/start-controllers.js";

const name = "v0alpha1.prometheus.grafana.app";
const query = { body: { queries: [{ refId: "A" }] } };
const queryPath = "/apis/prometheus.grafana.app/v0alpha1/namespaces/default/datasources/main/query";
const events = { group: "events.k8s.io", version: "v1", resource: "events", namespaced: true };

const untilAvailable = (it: TestControllers, of = name): Promise<unknown> =>
  it.until(async () => ((await it.condition(of, "Available"))?.status === "True" ? true : undefined));
const untilReason = (it: TestControllers, of: string, reason: string): Promise<unknown> =>
  it.until(async () => ((await it.condition(of, "Available"))?.reason === reason ? true : undefined));

test("a stored service is served, and its conditions say so", async () => {
  await using it = await startControllers({ plugins: [aPlugin({ id: "prometheus" })] });
  await it.elsewhere.create(dataPlaneServicesRef, aDataPlaneService({ plugin: "prometheus" }));
  await untilAvailable(it);
  expect(await it.condition(name, "PluginLoaded")).toMatchObject({ status: "True", reason: "Loaded" });
  expect((await it.send("POST", queryPath, query)).status).toBe(200);
});

test("of two services of one second, the one that lost stays behind when the server starts again", async () => {
  const group = "metrics.example.com";
  const lost = { type: "Available", status: "False", reason: "GroupConflict", lastTransitionTime: "2026-01-01T00:00:00Z" };
  const elder = aDataPlaneService({ plugin: "prometheus", name: "z-elder", group });
  // Lists are sorted by name: this one is seen first.
  const younger = { ...aDataPlaneService({ plugin: "loki", name: "a-younger", group }), status: { conditions: [{ ...lost, message: "" }] } };
  await using it = await startControllers({ plugins: [aPlugin({ id: "prometheus" }), aPlugin({ id: "loki" })], stored: [elder, younger] });
  await untilAvailable(it, "z-elder");
  expect(await it.condition("a-younger", "Available")).toMatchObject(lost);
  expect(it.aggregator.conflictOf("z-elder")).toBeUndefined();
});

test("a deleted service is gone within a second, whoever deleted it", async () => {
  await using it = await startControllers({ plugins: [aPlugin({ id: "prometheus" })] });
  await it.elsewhere.create(dataPlaneServicesRef, aDataPlaneService({ plugin: "prometheus" }));
  await it.until(() => it.aggregator.names[0]);
  await it.elsewhere.delete(dataPlaneServicesRef, { name });
  await it.until(() => (it.aggregator.names.length === 0 ? true : undefined));
  expect((await it.send("POST", queryPath, query)).status).toBe(404);
});

test("apply, then query: 200 in 100 of 100; delete, then query: 404", async () => {
  await using it = await startControllers({ plugins: [aPlugin({ id: "prometheus" })] });
  for (let round = 0; round < 100; round += 1) {
    const { apiVersion, kind, metadata, spec } = aDataPlaneService({ plugin: "prometheus" });
    const applied = { apiVersion, kind, metadata: { name: metadata.name }, spec: JSON.parse(JSON.stringify(spec)) as never };
    await it.client.patch(dataPlaneServicesRef, { name }, "application/apply-patch+yaml", applied, { fieldManager: "kubectl" });
    expect((await it.send("POST", queryPath, query)).status).toBe(200);
    await it.client.delete(dataPlaneServicesRef, { name });
    expect((await it.send("POST", queryPath, query)).status).toBe(404);
  }
});

test("create, then query: 200 at once, and no other service is looked at", async () => {
  await using it = await startControllers({ plugins: [aPlugin({ id: "prometheus" })] });
  const seen: string[] = [];
  it.aggregator.onWrite((info) => Promise.resolve(void seen.push(info.name)));
  await it.client.create(dataPlaneServicesRef, aDataPlaneService({ plugin: "prometheus" }));
  expect((await it.send("POST", queryPath, query)).status).toBe(200);
  // Its conditions may be written already, which is a write too.
  expect(new Set(seen)).toEqual(new Set([name]));
});

test("a change of pluginID is obeyed by the next request", async () => {
  const plugins = [aPlugin({ id: "prometheus" }), aPlugin({ id: "loki" })] as const;
  await using it = await startControllers({ plugins });
  await it.client.create(dataPlaneServicesRef, aDataPlaneService({ plugin: "prometheus" }));
  await it.send("POST", queryPath, query);
  await it.client.patch(dataPlaneServicesRef, { name }, "application/merge-patch+json", { spec: { pluginID: "loki" } });
  await it.send("POST", queryPath, query);
  expect(plugins.map(({ received }) => received.length)).toEqual([1, 1]);
});

test("conditions and events follow the plugin, and a status is written only when it changed", async () => {
  await using it = await startControllers({ plugins: [aPlugin({ id: "prometheus" })] });
  await it.client.create(dataPlaneServicesRef, aDataPlaneService({ plugin: "prometheus" }));
  await untilAvailable(it);
  const crashed = (): void =>
    it.plugins.set(aPlugin({ id: "prometheus", state: { phase: "backoff", reason: "BackOff", message: "exit 1", restarts: 3 } }));
  crashed();
  await untilReason(it, name, "BackOff");
  const [event] = await it.until(async () => {
    const { items } = await it.client.list(events);
    return items.length > 0 ? items : undefined;
  });
  expect(event).toMatchObject({ type: "Warning", reason: "PluginBackOff", regarding: { kind: "DataPlaneService", name } });
  const before = (await it.client.get(dataPlaneServicesRef, { name })).metadata.resourceVersion;
  crashed();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect((await it.client.get(dataPlaneServicesRef, { name })).metadata.resourceVersion).toBe(before);
});

test("the later of two services says GroupConflict, and follows when the elder goes", async () => {
  const plugins = [aPlugin({ id: "prometheus" }), aPlugin({ id: "loki" })] as const;
  await using it = await startControllers({ plugins });
  const group = "metrics.example.com";
  await it.client.create(dataPlaneServicesRef, aDataPlaneService({ plugin: "prometheus", name: "z-elder", group }));
  await it.client.create(dataPlaneServicesRef, aDataPlaneService({ plugin: "loki", name: "a-later", group }));
  await untilReason(it, "a-later", "GroupConflict");
  await untilAvailable(it, "z-elder");
  const path = `/apis/${group}/v0alpha1/namespaces/default/datasources/main/query`;
  await it.send("POST", path, query);
  await it.client.delete(dataPlaneServicesRef, { name: "z-elder" });
  await it.send("POST", path, query);
  expect(plugins.map(({ received }) => received.length)).toEqual([1, 1]);
  await untilAvailable(it, "a-later");
});

test("each data source plugin has a managed service in its own group, made again when deleted", async () => {
  await using it = await startControllers({ plugins: [aPlugin({ id: "prometheus" }), aPlugin({ id: "acme-app", type: "app" })], managed: true });
  const own = "v0alpha1.prometheus.datasource.grafana.app";
  const stored = async (): Promise<readonly ApiObject[]> => (await it.client.list(dataPlaneServicesRef)).items;
  await untilAvailable(it, own);
  expect(await stored()).toHaveLength(1);
  const [managed] = await stored();
  expect(managed).toMatchObject({
    metadata: { name: own, labels: { "dataplane/managed": "true" } },
    spec: { pluginID: "prometheus", services: [{ type: "query" }, { type: "stream" }, { type: "route", path: "datasources/{uid}/resources/*" }] },
  });
  await it.client.delete(dataPlaneServicesRef, { name: own });
  const again = await it.until(async () => (await stored())[0]);
  expect(again.metadata.uid).not.toBe(managed?.metadata.uid);
});

test.each<[string, ApiObject, RegExp]>([
  ["an unknown field", aDataPlaneService({ plugin: "p", spec: { extra: 1 } }), /unknown field "spec.extra"/],
  ["an unknown type", aDataPlaneService({ plugin: "p", serves: ["query", "foo"] }), /spec.services\[1\].type: Unsupported value: "foo"/],
  ["a type that is there twice", aDataPlaneService({ plugin: "p", serves: ["query", "query"] }), /spec.services\[1\]: Duplicate value/],
  ["a route without a path", aDataPlaneService({ plugin: "p", serves: ["route"] }), /spec.services\[0\].path: Required value/],
  ["an unknown plugin type", aDataPlaneService({ plugin: "p", pluginType: "panel" }), /spec.pluginType: Unsupported value/],
  ["a group that is no DNS name", aDataPlaneService({ plugin: "p", name: "x", group: "No_DNS" }), /spec.group: Invalid value/],
])("%s is refused with the field's path", async (_, object, message) => {
  await using it = await startControllers();
  const sent = { body: object, headers: { "content-type": "application/json" } };
  const response = await it.send("POST", "/apis/aggregation.grafana.app/v0alpha1/dataplaneservices?fieldValidation=Strict", sent);
  expect(response.json).toMatchObject({ kind: "Status", message: expect.stringMatching(message) as string });
  expect([400, 422]).toContain(response.status);
});
