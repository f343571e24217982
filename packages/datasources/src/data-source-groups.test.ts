import { defineResource } from "@dataplane/apiserver";
import type { ApiObject } from "@dataplane/meta";
import { expect, test, vi } from "vitest";
import { servedGroups } from "./served-groups.js";
import { knownPlugins } from "./testing/known-plugins.js";
import { dataPlaneUser, serviceFor, servicesPath, startDataSources } from "./testing/start-data-sources.js";

const own = "/apis/prometheus.datasource.grafana.app/v0alpha1/namespaces/default/datasources";
const view = "/apis/view.example.com/v1/namespaces/default/datasources";

test("a view shows the same object under the service's group, can be written through, and goes with the service", async () => {
  await using api = await startDataSources();
  const created = await api.send("POST", own, { body: { metadata: { name: "prom1" }, spec: { title: "A" }, secure: { token: { create: "s" } } } });
  expect((await api.send("GET", `${view}/prom1`)).status).toBe(404);

  await api.send("POST", servicesPath, { body: serviceFor("prometheus", "view.example.com/v1") });
  await api.until("view.example.com/v1", true);
  const seen = await api.send("GET", `${view}/prom1`);
  expect(seen.json).toEqual({ ...created.json, apiVersion: "view.example.com/v1" });

  const written = await api.send("PUT", `${view}/prom1`, { body: { ...seen.json, spec: { title: "B" } } });
  expect(written.json).toMatchObject({ apiVersion: "view.example.com/v1", spec: { title: "B" }, metadata: { generation: 2 } });
  const back = await api.send("GET", `${own}/prom1`);
  expect(back.json).toMatchObject({ apiVersion: "prometheus.datasource.grafana.app/v0alpha1", spec: { title: "B" } });
  expect(back.json.metadata).toEqual(written.json.metadata);
  expect((await api.send("POST", view, { body: { metadata: { name: "prom2" } } })).status).toBe(201);
  expect((await api.send("GET", `${view.replace("datasources", "connections")}/prom2`)).status).toBe(200);
  expect((await api.send("GET", `${view}/prom1/plugincontext`, { user: dataPlaneUser })).status).toBe(404);

  await api.send("DELETE", `${servicesPath}/view.example.com.v1`);
  await api.until("view.example.com/v1", false);
  expect((await api.send("GET", view)).status).toBe(404);
  expect((await api.send("GET", own)).json.items.map(({ metadata }) => metadata.name)).toEqual(["prom1", "prom2"]);
});

test("data sources go with their namespace, views or not", async () => {
  await using api = await startDataSources();
  await api.send("POST", servicesPath, { body: serviceFor("prometheus", "view.example.com/v1") });
  await api.until("view.example.com/v1", true);
  await api.send("POST", "/api/v1/namespaces", { body: { metadata: { name: "org-2" } } });
  await api.send("POST", view.replace("default", "org-2"), { body: { metadata: { name: "prom1" } } });
  expect((await api.send("DELETE", "/api/v1/namespaces/org-2")).status).toBeLessThan(300);
  await vi.waitFor(async () => expect((await api.send("GET", "/api/v1/namespaces/org-2")).status).toBe(404), { timeout: 15_000 });
  const { entries } = await api.store.list("/datasources/org-2/");
  expect(entries).toEqual([]);
});

test("one manager that applies in the own group and in a view does not conflict with itself", async () => {
  await using api = await startDataSources();
  await api.send("POST", servicesPath, { body: serviceFor("prometheus", "view.example.com/v1") });
  await api.until("view.example.com/v1", true);
  const apply = (path: string, apiVersion: string, url: string) =>
    api.send("PATCH", `${path}/prom1?fieldManager=kubectl`, {
      body: { apiVersion, kind: "DataSource", metadata: { name: "prom1" }, spec: { url } },
      contentType: "application/apply-patch+yaml",
    });
  expect((await apply(own, "prometheus.datasource.grafana.app/v0alpha1", "http://a")).status).toBe(201);
  const through = await apply(view, "view.example.com/v1", "http://b");
  expect([through.status, through.json["spec"]]).toEqual([200, { url: "http://b" }]);
  expect(through.json.metadata.managedFields).toHaveLength(1);
});

test("a plugin that is found later is served then, in its own group and where a service already binds it", async () => {
  await using api = await startDataSources({ plugins: [] });
  await api.send("POST", servicesPath, { body: serviceFor("tempo", "view.example.com/v1") });
  expect((await api.send("GET", view)).status).toBe(404);
  api.plugins.add("tempo");
  await api.until("tempo.datasource.grafana.app/v0alpha1", true);
  await api.until("view.example.com/v1", true);
  expect((await api.send("GET", view)).status).toBe(200);
});

test("what others registered in a group stays theirs, and the data sources come when it goes", async () => {
  const taken = defineResource<ApiObject>({
    ...{ group: "prometheus.datasource.grafana.app", version: "v0alpha1", kind: "Connection", plural: "connections" },
    scope: "namespaced",
    schema: { type: "object", properties: {} },
  });
  await using api = await startDataSources({ before: (registry) => registry.add(taken) });
  expect((await api.send("GET", own)).status).toBe(404);
  expect(api.registry.get(taken.group, taken.version, "connections")?.kind).toBe("Connection");
  api.registry.remove(taken);
  await api.until("prometheus.datasource.grafana.app/v0alpha1", true);
  expect((await api.send("GET", own)).status).toBe(200);
});

const stored = (plugin: string, groupVersion: string, { name = "a", created = "2026-01-01T00:00:00Z" } = {}): ApiObject => {
  const { spec = {} } = serviceFor(plugin, groupVersion);
  return { apiVersion: "aggregation.grafana.app/v0alpha1", kind: "DataPlaneService", metadata: { name, creationTimestamp: created }, spec };
};
const pluginOf = (services: readonly ApiObject[], groupVersion: string, plugins = knownPlugins(["prometheus", "loki"])): string | undefined =>
  servedGroups(plugins, services).get(groupVersion)?.pluginId;

test("of two services for one group and version the elder has it; of the same age the first by name", () => {
  const elder = stored("loki", "x.example.com/v1", { name: "z" });
  const later = stored("prometheus", "x.example.com/v1", { created: "2026-01-01T00:00:01Z" });
  expect(pluginOf([later, elder], "x.example.com/v1")).toBe("loki");
  expect(pluginOf([elder, stored("prometheus", "x.example.com/v1")], "x.example.com/v1")).toBe("prometheus");
  // Also when its plugin is not here: the younger one is not routed either.
  expect(pluginOf([later, stored("gone", "x.example.com/v1")], "x.example.com/v1")).toBeUndefined();
});

test.each([
  "apps.grafana.app/v0alpha1",
  "aggregation.grafana.app/v1",
  "query.grafana.app/v1",
  "rbac.authorization.k8s.io/v1",
  "k8s.io/v1",
  "/v1",
  "Bad_Group/v1",
])("no view is put into %s", (groupVersion) => {
  expect(pluginOf([stored("prometheus", groupVersion)], groupVersion)).toBeUndefined();
});

test("a plugin's own group is its own, in any version", () => {
  expect(pluginOf([stored("loki", "prometheus.datasource.grafana.app/v1")], "prometheus.datasource.grafana.app/v1")).toBeUndefined();
  expect(pluginOf([stored("prometheus", "prometheus.datasource.grafana.app/v1")], "prometheus.datasource.grafana.app/v1")).toBe("prometheus");
  const own = servedGroups(knownPlugins(["prometheus"]), [stored("prometheus", "prometheus.datasource.grafana.app/v0alpha1")]);
  expect([...own.values()]).toEqual([{ pluginId: "prometheus", group: "prometheus.datasource.grafana.app", version: "v0alpha1", canonical: true }]);
});

test("apps, plugins without a backend and ids that make no group have no data sources", () => {
  const plugins = knownPlugins(["Upper_Case"]);
  plugins.add("app", { type: "app" });
  plugins.add("front", { backend: false });
  const services = ["Upper_Case", "app", "front"].map((id, index) => stored(id, `g${index}.example.com/v1`));
  expect(servedGroups(plugins, services).size).toBe(0);
});
