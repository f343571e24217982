import { type ApiObject, silentLogger, systemClock } from "@dataplane/meta";
import { expect, test } from "vitest";
import { pluginConfig } from "./plugin-config.js";
import { createPluginContextsClient, dataSourcesOf } from "./plugin-contexts-client.js";
import { aPlugin, aPluginSource } from "./testing/a-plugin.js";
import { MemoryApi } from "./testing/memory-api.js";

const resource = dataSourcesOf("prometheus") ?? expect.fail("prometheus has a group of its own");
const key = { pluginId: "prometheus", namespace: "org-7", uid: "main" };
const user = { name: "ann", groups: ["editor"], extra: { email: ["ann@example.com"] } };
const signal = new AbortController().signal;

async function start() {
  const api = new MemoryApi();
  const stop = new AbortController();
  const contexts = createPluginContextsClient({
    client: api,
    plugins: aPluginSource([aPlugin({ id: "prometheus" })]),
    config: pluginConfig({ appUrl: "http://localhost:3000/", featureToggles: ["b", "a"] }),
    userAgent: "Grafana/12.0.0 (linux; amd64)",
    clock: systemClock,
    logger: silentLogger,
  });
  const running = contexts.run(stop.signal);
  /** The data source, and the subresource that has its secrets. */
  const write = async (url: string): Promise<void> => {
    const metadata = { name: "main", namespace: "org-7", uid: "11111111-2222-3333-4444-555555555555" };
    const object: ApiObject = { apiVersion: "v1", kind: "DataSource", metadata };
    const exists = api.objects.has(`${resource.group}/datasources/org-7/main`);
    const stored = await (exists ? api.update(resource, { name: "main", namespace: "org-7" }, object) : api.create(resource, object));
    const instance = {
      uid: "main",
      name: "Main",
      type: "prometheus",
      url,
      jsonData: { httpMethod: "POST" },
      decryptedSecureJsonData: { token: "t" },
      lastUpdatedMs: 5,
    };
    api.objects.set(`${resource.group}/datasources/org-7/main/plugincontext`, {
      apiVersion: "v1",
      kind: "PluginContext",
      metadata: stored.metadata,
      instance,
    });
  };
  await write("http://a");
  const reads = (): number => api.calls.filter((call) => call.endsWith("/plugincontext")).length;
  return { api, contexts, write, reads, [Symbol.asyncDispose]: () => (stop.abort(), running) };
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
