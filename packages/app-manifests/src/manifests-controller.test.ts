import { type AppHooks, dataPlaneServices } from "@dataplane/aggregator";
import { type ApiObject, isJsonObject, type JsonObject, silentLogger, systemClock } from "@dataplane/meta";
import { expect, test } from "vitest";
import { createAppManifests } from "./create-app-manifests.js";
import { aPlugin, testPlugins } from "./testing/a-plugin.js";
import { manifestsRef, startServer } from "./testing/start-server.js";

const servicesRef = { group: "aggregation.grafana.app", version: "v0alpha1", resource: "dataplaneservices", namespaced: false };
const patiently = { timeout: 15_000, interval: 10 };
const routes = { namespaced: { "/reports": { get: { operationId: "getReports" } } } };

const aManifest = (name: string, plugin: string, version: JsonObject, group = `${name}.ext.example.com`): ApiObject => ({
  apiVersion: "apps.grafana.app/v1alpha2",
  kind: "AppManifest",
  metadata: { name, labels: { "dataplane/plugin": plugin } },
  ...{
    spec: { appName: name, group, versions: [{ name: "v1", ...version }, ...(version["kinds"] === undefined ? [] : [{ ...version, name: "v2" }])] },
  },
});

const converter =
  (answer: () => string): AppHooks["conversion"] =>
  () => ({
    convert: (objects, { group, version }) =>
      Promise.resolve({ converted: objects.map((it) => ({ ...it, apiVersion: `${group}/${version}`, spec: { by: answer() } })) }),
  });

async function start(plugins = testPlugins(), conversion: AppHooks["conversion"] = converter(() => "")) {
  const server = await startServer([dataPlaneServices]);
  const nobody = () => Promise.reject(new Error("nobody is asked"));
  const hooks: AppHooks = { admission: () => ({ mutate: nobody, validate: nobody }), conversion };
  const parts = { client: server.client, registry: server.registry, plugins, hooks, webhooks: { call: nobody } };
  const apps = createAppManifests({ ...parts, dataplaneAggregator: true, clock: systemClock, logger: silentLogger });
  await apps.serveStored();
  server.start(apps);
  return server;
}

test("a manifest whose services are refused holds up no other", async () => {
  await using server = await start();
  await server.client.create<ApiObject>(manifestsRef, aManifest("bad", "a..b", { routes }));
  await server.client.create<ApiObject>(manifestsRef, aManifest("good", "acme-good-app", { routes }));
  for (const name of ["bad", "good"]) await expect.poll(() => server.condition(name, "KindsServed"), patiently).toBe("True Served: ");
  await expect
    .poll(async () => (await server.client.list<ApiObject>(servicesRef)).items.map(({ metadata }) => metadata.name), patiently)
    .toEqual(["v1.good.ext.example.com"]);
});

test("the service of a data source plugin is one of a data source", async () => {
  const plugins = testPlugins(aPlugin("acme-rows-datasource", "/nowhere", { type: "datasource" }));
  await using server = await start(plugins);
  await server.client.create<ApiObject>(manifestsRef, aManifest("rows", "acme-rows-datasource", { routes }));
  const service = async () => (await server.client.list<ApiObject>(servicesRef)).items[0]?.["spec"];
  await expect.poll(service, patiently).toMatchObject({ pluginID: "acme-rows-datasource", pluginType: "datasource" });
});

test("what one version of a plugin converted is not shown when another one converts", async () => {
  const id = "acme-things-app";
  const plugins = testPlugins(aPlugin(id, "/nowhere"));
  const version = () => plugins.get(id)?.json.version ?? "";
  await using server = await start(plugins, converter(version));
  const schema = { type: "object", properties: { spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true } } };
  const kinds = [{ kind: "Thing", scope: "Namespaced", conversion: true, schemas: { Thing: schema } }];
  await server.client.create<ApiObject>(manifestsRef, aManifest("things", id, { kinds }));
  await expect.poll(() => server.condition("things", "KindsServed"), patiently).toBe("True Served: ");
  const things = (of: string) => ({ group: "things.ext.example.com", version: of, resource: "things", namespaced: true });
  const thing = { apiVersion: "things.ext.example.com/v2", kind: "Thing", metadata: { name: "a", namespace: "default" }, spec: {} };
  await server.client.create<ApiObject>(things("v2"), thing);
  const seen = async () => {
    const { spec } = await server.client.get<ApiObject>(things("v1"), { name: "a", namespace: "default" });
    return isJsonObject(spec) ? spec["by"] : undefined;
  };
  expect(await seen()).toBe("1.0.0");
  plugins.put(aPlugin(id, "/nowhere", { info: { version: "2.0.0" } }));
  await expect.poll(seen, patiently).toBe("2.0.0");
});
