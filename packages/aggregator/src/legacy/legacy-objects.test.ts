import type { ResourceDefinition } from "@dataplane/apiserver";
import { createApiClient } from "@dataplane/client";
import { ApiError, controlPlaneUser, dataPlaneUser, isJsonObject, notFound, silentLogger, systemClock } from "@dataplane/meta";
import { HealthStatus } from "@dataplane/plugin-protocol";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dataSourcesOf } from "../plugin-contexts-client.js";
import { aPlugin, aPluginSource } from "../testing/a-plugin.js";
import { call, type Sent } from "../testing/call.js";
import { knownDataSources } from "../testing/known-data-sources.js";
import { createTestApi, namespacesRef, throughFilters } from "../testing/start-api.js";
import { legacyHandler } from "./legacy-handler.js";

const preserved = { type: "object", "x-kubernetes-preserve-unknown-fields": true } as const;
const schema = { type: "object", properties: { spec: preserved, secure: preserved } } as const;
const dataSources = (pluginId: string): ResourceDefinition => {
  const { group, version } = dataSourcesOf(pluginId) ?? expect.fail("it has a group of its own");
  return { group, version, kind: "DataSource", plural: "datasources", scope: "namespaced", schema };
};
const appSettings = {
  group: "apps.grafana.app",
  version: "v0alpha1",
  kind: "AppSettings",
  plural: "appsettings",
  scope: "namespaced",
  schema,
} as const;

const prometheus = aPlugin({ id: "prometheus" });
const app = aPlugin({
  id: "acme-app",
  type: "app",
  calls: {
    checkHealth: () => Promise.resolve({ status: HealthStatus.OK, message: "fine", jsonDetails: new Uint8Array() }),
    async *callResource({ method, path, pluginContext }) {
      yield await Promise.resolve({ code: 200, headers: {}, body: Buffer.from(`${method} ${path} ${pluginContext.namespace}`) });
    },
  },
});
const plugins = [prometheus, aPlugin({ id: "loki" }), aPlugin({ id: "Not A Group" }), app].map((plugin) => ({
  ...plugin,
  json: { ...plugin.json, raw: { info: { version: "1.0.0", logos: { small: "img/logo.svg" } }, includes: [{ type: "page" }] } },
}));

const stop = new AbortController();
afterAll(() => stop.abort());
const { server, registry } = createTestApi();
for (const definition of [dataSources("prometheus"), appSettings]) registry.add(definition);
const client = createApiClient({ handler: throughFilters(server.handler), user: controlPlaneUser });
const reloaded: string[] = [];

const handler = legacyHandler({
  plugins: aPluginSource(plugins),
  contexts: knownDataSources([{ pluginId: "prometheus", uid: "p1" }]),
  limits: { bodyBytes: 1e6, callTimeoutMs: 1000 },
  clock: systemClock,
  logger: silentLogger,
  authorizer: {
    authorize: (user, { name, verb, resource, subresource }) => ({
      allowed: user.name === "admin" || (name !== "p2" && verb === "get" && (resource !== "appsettings" || subresource === "health")),
      reason: "",
    }),
  },
  client: createApiClient({ handler: throughFilters(server.handler), user: dataPlaneUser }),
  server: { version: "1.2.3", commit: "abc", reload: (kind) => Promise.resolve(void reloaded.push(kind)) },
  delegate: () => Promise.reject(notFound("paths", "this")),
});

beforeAll(async () => {
  await server.start(stop.signal);
  for (const name of ["default", "org-2"]) await client.create(namespacesRef, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  const resource = dataSourcesOf("prometheus") ?? expect.fail("it has a group of its own");
  const create = (name: string, namespace: string, spec: object) =>
    client.create(resource, {
      apiVersion: `${resource.group}/${resource.version}`,
      kind: "DataSource",
      metadata: { name, namespace },
      spec: { title: name === "p1" ? "Zeta" : `of ${name}`, ...spec },
      secure: { basicAuthPassword: { name: "sealed" } },
    });
  await create("p1", "default", { url: "http://p1", basicAuth: true, basicAuthUser: "u", jsonData: { httpMethod: "POST" }, isDefault: true });
  await create("p2", "default", {});
  await create("p3", "org-2", { readOnly: true });
  await client.create(
    { group: "apps.grafana.app", version: "v0alpha1", resource: "appsettings", namespaced: true },
    {
      apiVersion: "apps.grafana.app/v0alpha1",
      kind: "AppSettings",
      metadata: { name: "acme-app", namespace: "default" },
      spec: { enabled: false, pinned: true, jsonData: { a: 1 } },
      secure: { key: { name: "sealed" } },
    },
  );
});

const get = (path: string, sent: Sent = {}) => call(handler, "GET", path, sent);
const eve: Sent = { user: { name: "eve", groups: [] } };
const fieldsOf = (list: unknown, name: string): unknown =>
  Array.isArray(list) ? list.map((it: unknown) => (isJsonObject(it) ? it[name] : undefined)) : list;
const uids = (list: unknown): unknown => fieldsOf(list, "uid");

test("data sources are listed by name, those that the caller may get, of the organisation asked for", async () => {
  expect(uids((await get("/api/datasources")).json)).toEqual(["p1", "p2"]);
  expect(uids((await get("/api/datasources", eve)).json)).toEqual(["p1"]);
  expect(uids((await get("/api/datasources", { headers: { "x-grafana-org-id": "2" } })).json)).toEqual(["p3"]);
});

test("a data source has Grafana's shape, and never a secret", async () => {
  const { status, json, text } = await get("/api/datasources/uid/p1");
  expect(status).toBe(200);
  expect(json).toEqual({
    id: expect.any(Number) as number,
    uid: "p1",
    orgId: 1,
    name: "Zeta",
    type: "prometheus",
    typeName: "prometheus",
    typeLogoUrl: "public/plugins/prometheus/img/logo.svg",
    access: "proxy",
    url: "http://p1",
    user: "",
    database: "",
    basicAuth: true,
    basicAuthUser: "u",
    withCredentials: false,
    isDefault: true,
    jsonData: { httpMethod: "POST" },
    secureJsonFields: { basicAuthPassword: true },
    version: 1,
    readOnly: false,
    apiVersion: "v0alpha1",
  });
  expect(text).not.toContain("sealed");
  const id = isJsonObject(json) ? JSON.stringify(json["id"]) : "";
  expect((await get(`/api/datasources/${id}`)).json).toEqual(json);
  expect((await get("/api/datasources/name/Zeta")).json).toEqual(json);
  expect((await get("/api/datasources/id/Zeta")).json).toEqual({ id: Number(id) });
});

test("a data source that is not there, or not for the caller, is refused in Grafana's form", async () => {
  const headers = { traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
  expect(await get("/api/datasources/uid/none", { headers })).toMatchObject({
    status: 404,
    json: { messageId: "datasources.notFound", statusCode: 404, traceID: "0af7651916cd43dd8448eb211c80319c" },
  });
  expect(await get("/api/datasources/uid/p2", eve)).toMatchObject({ status: 403, json: { messageId: "auth.forbidden", statusCode: 403 } });
  expect((await get("/api/datasources/name/of p2", eve)).status).toBe(404);
  expect((await get("/api/datasources/12345")).status).toBe(404);
  expect((await get("/api/datasources/uid/a,b=c")).status).toBe(404);
});

test("plugins are listed, with their settings and signature", async () => {
  const { json } = await get("/api/plugins");
  expect(fieldsOf(json, "id")).toEqual(["prometheus", "loki", "Not A Group", "acme-app"]);
  expect((await get("/api/plugins?type=app")).json).toEqual([expect.objectContaining({ id: "acme-app", enabled: false, pinned: true })]);
  expect((await get("/api/plugins?type=app", eve)).json).toEqual([]);
  const settings = await get("/api/plugins/acme-app/settings");
  expect(settings.json).toMatchObject({
    ...{ name: "acme-app", type: "app", id: "acme-app", enabled: false, pinned: true, module: "public/plugins/acme-app/module.js" },
    ...{ baseUrl: "public/plugins/acme-app", includes: [{ type: "page" }], jsonData: { a: 1 }, secureJsonFields: { key: true } },
    ...{ defaultNavUrl: "/plugins/acme-app/", latestVersion: "", hasUpdate: false, state: "", signature: "internal" },
  });
  expect(settings.text).not.toContain("sealed");
  expect((await get("/api/plugins/prometheus/settings", eve)).json).toMatchObject({ type: "datasource", enabled: true, jsonData: {} });
  expect((await get("/api/plugins/acme-app/settings", { headers: { "x-grafana-org-id": "2" } })).json).toMatchObject({ enabled: true, jsonData: {} });
  expect((await get("/api/plugins/acme-app/settings", eve)).status).toBe(403);
  expect((await get("/api/plugins/none/settings")).json).toMatchObject({ statusCode: 404, messageId: "plugins.notFound" });
});

test("health and resources of an app", async () => {
  expect((await get("/api/plugins/acme-app/health", eve)).json).toMatchObject({ status: "OK", message: "fine" });
  expect((await call(handler, "PUT", "/api/plugins/acme-app/resources/a/b?c=d", { headers: { "x-grafana-org-id": "2" } })).text).toBe(
    "PUT a/b org-2",
  );
  expect((await call(handler, "POST", "/api/plugins/acme-app/resources", {})).status).toBe(200);
  expect((await call(handler, "PUT", "/api/plugins/acme-app/resources/a", eve)).status).toBe(403);
  expect((await get("/api/plugins/prometheus/health")).json).toMatchObject({
    statusCode: 400,
    message: expect.stringContaining("data sources") as string,
  });
  expect((await get("/api/plugins/none/health")).status).toBe(404);
});

test("provisioning is read again when an administrator asks", async () => {
  const reload = await call(handler, "POST", "/api/admin/provisioning/datasources/reload");
  expect(reload).toMatchObject({ status: 200, json: { message: "Datasources config reloaded" } });
  expect((await call(handler, "POST", "/api/admin/provisioning/plugins/reload")).json).toEqual({ message: "Plugins config reloaded" });
  expect(reloaded).toEqual(["datasources", "plugins"]);
  expect(await get("/api/admin/provisioning/datasources/reload")).toMatchObject({ status: 405, headers: { allow: "POST" } });
});

test("the proxy of a data source is authorized by method, as datasources/proxy", async () => {
  expect((await call(handler, "POST", "/api/datasources/proxy/uid/p1/api/v1/query", eve)).status).toBe(403);
  // The data source of this test names no URL.
  const { status, json } = await get("/api/datasources/proxy/uid/p1/api/v1/query");
  expect({ status, json }).toMatchObject({ json: { statusCode: status, message: expect.any(String) as string } });
  expect(status).toBeLessThan(500);
  expect((await get("/api/datasources/proxy/uid/none/x")).status).toBe(404);
});

test.each([
  ...["//api/datasources/uid/p2", "/api//datasources/uid/p2", "/api/datasources//uid/p2", "/api/datasources/uid//p2", "/api/datasources/uid/p2/"],
  ...["/api/./datasources/uid/p2", "/api/x/../datasources/uid/p2", "/api/datasources/uid/p1/../p2", "/api/datasources/uid/p1/%2e%2e/p2"],
  ...["/api/datasources/uid/p1%2f..%2fp2", "/api/datasources/uid/p1%5c..%5cp2", "/api/datasources/uid/%70%32", "/api/datasources/uid/p2%00"],
  ...[
    "/api/datasources/uid/p2;x",
    "/API/datasources/uid/p2",
    "/api/datasources/uid/p2%20",
    "/api/datasources/name/of%20p2",
    "/api/datasources/uid/P2",
  ],
  ...[
    "/api/datasources/proxy/uid/p2/x",
    "/api/datasources/proxy/uid//p2/x",
    "/api/datasources/proxy/uid/p1/../p2/x",
    "/api/datasources/proxy/uid/%702/x",
  ],
  ...["/api/datasources/uid/p2/health", "/api/datasources/uid/p2//health", "/api/datasources/uid/%70%32/health", "/api/datasources/uid/p2/resources"],
])("no spelling of a path shows what the caller may not see: %s", async (path) => {
  const outcome = await get(path, eve).catch((thrown: unknown) => ({ status: thrown instanceof ApiError ? thrown.code : 500, text: "" }));
  expect([400, 403, 404]).toContain(outcome.status);
  expect(outcome.text).not.toContain('"type":"prometheus"');
});
