import type { ResourceDefinition } from "@dataplane/apiserver";
import { createApiClient } from "@dataplane/client";
import { controlPlaneUser, dataPlaneUser, type Handler, isJsonObject, silentLogger, systemClock } from "@dataplane/meta";
import { expect, test, vi } from "vitest";
import { appSettingsRef } from "./app-settings.js";
import { pluginConfig } from "./plugin-config.js";
import { createPluginContextsClient, dataSourcesOf } from "./plugin-contexts-client.js";
import { aPlugin, aPluginSource } from "./testing/a-plugin.js";
import { createTestApi, namespacesRef, throughFilters } from "./testing/start-api.js";

const resource = dataSourcesOf("prometheus") ?? expect.fail("prometheus has a group of its own");
const key = { pluginId: "prometheus", namespace: "org-7", uid: "main" };
const user = { name: "ann", groups: ["editor"], extra: { email: ["ann@example.com"] } };
const signal = new AbortController().signal;

/** A data source whose subresource has its secrets, as the data sources' own package declares it. */
const dataSources: ResourceDefinition = {
  ...{ group: resource.group, version: resource.version, kind: "DataSource", plural: "datasources", scope: "namespaced" },
  schema: { type: "object", properties: { spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true } } },
  computed: [
    {
      name: "plugincontext",
      kind: "PluginContext",
      internal: true,
      get: ({ object: { apiVersion, metadata, spec } }) => ({
        ...{ apiVersion, kind: "PluginContext", metadata },
        instance: {
          ...{ uid: metadata.name, name: "Main", type: "prometheus", ...(isJsonObject(spec) ? spec : {}) },
          ...{ jsonData: { httpMethod: "POST" }, decryptedSecureJsonData: { token: "t" }, lastUpdatedMs: 5 },
        },
      }),
    },
  ],
};

async function start() {
  const stop = new AbortController();
  const { server, registry } = createTestApi();
  registry.add(dataSources);
  await server.start(stop.signal);
  let reads = 0;
  const handler: Handler = (request) => {
    if (request.path.endsWith("/plugincontext")) reads += 1;
    return server.handler(request);
  };
  const client = createApiClient({ handler: throughFilters(handler), user: controlPlaneUser });
  await client.create(namespacesRef, { apiVersion: "v1", kind: "Namespace", metadata: { name: "org-7" } });
  const contexts = createPluginContextsClient({
    // The one user who may read the subresource.
    client: createApiClient({ handler: throughFilters(handler), user: dataPlaneUser }),
    plugins: aPluginSource([aPlugin({ id: "prometheus" })]),
    config: pluginConfig({ appUrl: "http://localhost:3000/", featureToggles: ["b", "a"] }),
    userAgent: "Grafana/12.0.0 (linux; amd64)",
    clock: systemClock,
    logger: silentLogger,
  });
  const running = contexts.run(stop.signal);
  const ref = { name: "main", namespace: "org-7" };
  const metadata = { name: "main", namespace: "org-7" };
  const apiVersion = `${resource.group}/${resource.version}`;
  await client.create(resource, { apiVersion, kind: "DataSource", metadata, spec: { url: "http://a" } });
  const write = (url: string): Promise<unknown> => client.patch(resource, ref, "application/merge-patch+json", { spec: { url } });
  return { contexts, client, registry, write, reads: () => reads, [Symbol.asyncDispose]: () => (stop.abort(), running) };
}

const seen = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 10));

test("a context holds the instance, the user, and what plugins may know of this server", async () => {
  await using it = await start();
  const { pluginContext, jsonData } = await it.contexts.forDataSource(key, user, signal);
  expect(jsonData).toEqual({ httpMethod: "POST" });
  expect(pluginContext).toMatchObject({
    orgId: 7,
    pluginId: "prometheus",
    namespace: "org-7",
    pluginVersion: "1.0.0",
    user: { login: "ann", name: "ann", email: "ann@example.com", role: "Editor" },
    dataSourceInstanceSettings: { uid: "main", name: "Main", url: "http://a", decryptedSecureJsonData: { token: "t" }, lastUpdatedMS: 5 },
    grafanaConfig: { GF_INSTANCE_FEATURE_TOGGLES_ENABLE: "a,b", GF_SQL_MAX_OPEN_CONNS_DEFAULT: "100" },
  });
  expect(Number.isSafeInteger(pluginContext.dataSourceInstanceSettings?.id)).toBe(true);
});

test("a context is read once, and again after its data source changed", async () => {
  await using it = await start();
  for (let call = 0; call < 3; call += 1) {
    await it.contexts.forDataSource(key, user, signal);
    await seen();
  }
  expect(it.reads()).toBe(1);
  await it.write("http://b");
  await seen();
  const { pluginContext } = await it.contexts.forDataSource(key, user, signal);
  expect(pluginContext.dataSourceInstanceSettings?.url).toBe("http://b");
  expect(it.reads()).toBe(2);
});

test("a write through this server is obeyed at once", async () => {
  await using it = await start();
  await it.contexts.forDataSource(key, user, signal);
  await seen();
  await it.write("http://b");
  const info = {
    isResourceRequest: true,
    path: "",
    verb: "update",
    group: "",
    version: "",
    namespace: "org-7",
    resource: "datasources",
    name: "main",
  };
  it.contexts.forget({ ...info, subresource: "", segments: [] });
  const { pluginContext } = await it.contexts.forDataSource(key, user, signal);
  expect(pluginContext.dataSourceInstanceSettings?.url).toBe("http://b");
});

test("a data source that is not there is NotFound, also one of a plugin without a group", async () => {
  await using it = await start();
  for (const uid of ["other", "..", ".", "", "a/b"]) {
    await expect(it.contexts.forDataSource({ ...key, uid }, user, signal)).rejects.toMatchObject({ code: 404 });
  }
  await expect(it.contexts.forDataSource({ ...key, pluginId: "No_Label" }, user, signal)).rejects.toMatchObject({ code: 404 });
});

/** The settings of apps, as the data sources' own package declares them. */
const appSettings: ResourceDefinition = {
  ...{ group: appSettingsRef.group, version: appSettingsRef.version, kind: "AppSettings", plural: "appsettings", scope: "namespaced" },
  schema: { type: "object", properties: { spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true } } },
  computed: [
    {
      name: "plugincontext",
      kind: "PluginContext",
      internal: true,
      get: ({ object: { apiVersion, metadata, spec }, revision }) => ({
        ...{ apiVersion, kind: "PluginContext", metadata },
        app: { ...(isJsonObject(spec) ? spec : {}), decryptedSecureJsonData: { token: "t" }, lastUpdatedMs: Number(revision) },
      }),
    },
  ],
};

test("an app has the settings of its namespace, empty ones where there are none, and is not found where it is switched off", async () => {
  await using it = await start();
  it.registry.add(appSettings);
  const app = { pluginId: "acme-app", namespace: "org-7" };
  const settings = async (key = app) => (await it.contexts.forApp(key, user, signal)).pluginContext.appInstanceSettings;
  for (let call = 0; call < 3; call += 1) {
    expect(await settings()).toMatchObject({ jsonData: Buffer.from("{}"), decryptedSecureJsonData: {}, lastUpdatedMS: 0 });
    await seen();
  }
  expect(it.reads()).toBe(1);
  const ref = { name: "acme-app", namespace: "org-7" };
  const object = { apiVersion: "apps.grafana.app/v0alpha1", kind: "AppSettings", metadata: ref, spec: { jsonData: { a: 1 } } };
  await it.client.create(appSettingsRef, object);
  await vi.waitFor(async () => expect(await settings()).toMatchObject({ decryptedSecureJsonData: { token: "t" } }), { interval: 5, timeout: 15_000 });
  const first = await settings();
  expect(Buffer.from(first?.jsonData ?? []).toString()).toBe('{"a":1}');
  await seen();
  const reads = it.reads();
  await settings();
  expect(it.reads()).toBe(reads);

  await it.client.patch(appSettingsRef, ref, "application/merge-patch+json", { spec: { jsonData: { a: 2 } } });
  await vi.waitFor(async () => expect((await settings())?.lastUpdatedMS).toBeGreaterThan(first?.lastUpdatedMS ?? 0), {
    interval: 5,
    timeout: 15_000,
  });
  expect((await settings({ ...app, namespace: "" }))?.decryptedSecureJsonData).toEqual({});

  await it.client.patch(appSettingsRef, ref, "application/merge-patch+json", { spec: { enabled: false } });
  await vi.waitFor(() => expect(settings()).rejects.toMatchObject({ code: 404 }), { interval: 5, timeout: 15_000 });
  await it.client.delete(appSettingsRef, ref);
  await vi.waitFor(async () => expect(await settings()).toMatchObject({ lastUpdatedMS: 0 }), { interval: 5, timeout: 15_000 });
});
