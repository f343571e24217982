import type { ResourceDefinition } from "@dataplane/apiserver";
import { createApiClient } from "@dataplane/client";
import { type ApiObject, controlPlaneUser, type JsonObject, silentLogger, systemClock } from "@dataplane/meta";
import type { CallResourceRequest, CallResourceResponse } from "@dataplane/plugin-protocol";
import { expect, test } from "vitest";
import { aDataPlaneService, aPlugin, startAggregator } from "../testing/start-aggregator.js";
import { createTestApi, throughFilters } from "../testing/start-api.js";
import { ManifestRouteTable } from "./manifest-route-table.js";
import { manifestRoutesFrom } from "./manifest-routes.js";
import { appManifestsRef, manifestRoutesController } from "./manifest-routes-controller.js";

const base = "/apis/acme.example.com/v1";

interface Routes {
  readonly namespaced?: JsonObject;
  readonly cluster?: JsonObject;
  readonly schemas?: JsonObject;
}

const manifest = (routes: Routes, rest: { readonly version?: JsonObject; readonly metadata?: object } = {}): ApiObject => ({
  apiVersion: "apps.grafana.app/v1alpha2",
  kind: "AppManifest",
  metadata: { name: "acme", ...rest.metadata },
  spec: { appName: "acme", group: "acme.example.com", versions: [{ name: "v1", routes: { ...routes }, ...rest.version }] },
});

/** An app bound to v1, with the routes of these manifests. */
function start(
  manifests: readonly ApiObject[],
  { serves = ["route"], type = "app" }: { readonly serves?: readonly string[]; readonly type?: "app" | "datasource" } = {},
) {
  const received: CallResourceRequest[] = [];
  async function* callResource(request: CallResourceRequest): AsyncIterable<CallResourceResponse> {
    received.push(request);
    yield await Promise.resolve({ code: 200, headers: {}, body: new Uint8Array() });
  }
  const manifestRoutes = new ManifestRouteTable();
  manifestRoutes.replace(manifests);
  const entries = serves.map((it) => (it === "route" ? { type: it, path: type === "app" ? "resources/*" : "datasources/{uid}/resources/*" } : it));
  const service = aDataPlaneService({ plugin: "acme", pluginType: type, group: "acme.example.com", version: "v1", serves: entries });
  const api = startAggregator({ plugins: [aPlugin({ id: "acme", type, calls: { callResource } })], services: [service], manifestRoutes });
  const [served] = api.aggregator.apiSource.served();
  return { ...api, received, manifestRoutes, served: served ?? expect.fail("it is served") };
}

test("namespaced and cluster routes are called with their paths, by the methods that they list", async () => {
  const { send, received } = start([manifest({ namespaced: { "/reports/{id}": { get: {}, post: {} } }, cluster: { status: { get: {} } } })]);
  expect((await send("GET", `${base}/namespaces/org-7/reports/1?a=b`)).status).toBe(200);
  expect((await send("GET", `${base}/status`)).status).toBe(200);
  expect(received.map(({ path, url }) => [path, url])).toEqual([
    ["reports/1", "reports/1?a=b"],
    ["status", "status"],
  ]);
  expect(received[0]?.pluginContext).toMatchObject({ namespace: "org-7", apiVersion: "v1" });
  expect(received[1]?.pluginContext).toMatchObject({ namespace: "", orgId: 0 });
  expect(await send("DELETE", `${base}/namespaces/org-7/reports/1`)).toMatchObject({ status: 405, headers: { allow: "GET, POST" } });
  for (const path of ["/namespaces/org-7/status", "/reports/1", "/status/x"]) expect((await send("GET", base + path)).status).toBe(404);
});

test("the older form of a route says the same", async () => {
  const query = { type: "object", properties: { limit: { type: "integer" } }, required: ["limit"] };
  const older = { GET: { name: "listReports", request: { query }, response: { type: "array", items: { type: "string" } } } };
  const { served, send } = start([manifest({ namespaced: { "/reports": older } })]);
  expect((await send("GET", `${base}/namespaces/default/reports`)).status).toBe(200);
  expect(served.openapi.paths[`${base}/namespaces/{namespace}/reports`]).toMatchObject({
    get: {
      operationId: "listReportsAcmeExampleComV1",
      parameters: [{ name: "limit", in: "query", required: true, schema: { type: "integer" } }],
      responses: { "200": { content: { "application/json": { schema: { type: "array" } } } } },
    },
  });
});

test("routes are in discovery by their literal segments, and in OpenAPI with schemas of their own names", () => {
  const ref = (name: string) => ({ content: { "application/json": { schema: { $ref: `#/components/schemas/${name}` } } } });
  const { served } = start([
    manifest({
      namespaced: {
        "/reports": { get: { responses: { "200": { description: "OK", ...ref("Report") } } } },
        "/reports/{id}": { delete: {} },
        "/reports/{id}/rows": { get: { operationId: "rows", responses: { "200": { description: "OK", ...ref("Missing") } } } },
      },
      schemas: { Report: { type: "object", properties: { next: { $ref: "#/components/schemas/Report" } } } },
    }),
  ]);
  const shown = served.resources.filter(({ name }) => name.startsWith("reports"));
  expect(shown).toEqual([
    { name: "reports", singularName: "", kind: "ResourceCallResponse", namespaced: true, verbs: ["delete", "get"] },
    { name: "reports/rows", singularName: "", kind: "ResourceCallResponse", namespaced: true, verbs: ["get"] },
  ]);
  const { paths, schemas } = served.openapi;
  const own = "com.example.acme.v1.routes.Report";
  expect(schemas[own]).toEqual({ type: "object", properties: { next: { $ref: `#/components/schemas/${own}` } } });
  expect(JSON.stringify(paths)).toContain(`"#/components/schemas/${own}"`);
  // What is not there is not referred to.
  expect(JSON.stringify(paths)).not.toContain("Missing");
  expect(paths[`${base}/namespaces/{namespace}/reports/{id}`]).toMatchObject({
    delete: { operationId: "deleteReportsByIdAcmeExampleComV1" },
    parameters: [{ name: "namespace" }, { name: "id" }],
  });
});

test("what is no OpenAPI is left out of the document, and the route is served all the same", async () => {
  const junk = { type: ["string", "null"], properties: [], items: 5, required: "x", enum: {}, description: 7, format: "f", other: 1 };
  const operation = {
    ...{ operationId: "no id", summary: 1, tags: "x", deprecated: "yes", requestBody: { content: { "application/json": { schema: junk } } } },
    parameters: [
      1,
      { name: "a" },
      { name: "b", in: "cookie" },
      { $ref: "#/x" },
      { name: "id", in: "path" },
      { name: "q", in: "query", schema: junk },
    ],
    responses: { ok: {}, "200": 1, "404": { content: { "*/*": 3 } } },
  };
  const schemas = { List: { type: "array" }, Deep: { allOf: [{ type: "object", properties: { a: { type: "array", items: junk } } }] }, Bad: "x" };
  const { served, send } = start([manifest({ namespaced: { "/a/{id}": { get: operation } }, schemas })]);
  expect((await send("GET", `${base}/namespaces/default/a/1`)).status).toBe(200);
  const sound = { format: "f" };
  expect(served.openapi.paths[`${base}/namespaces/{namespace}/a/{id}`]).toMatchObject({
    get: {
      operationId: "getAByIdAcmeExampleComV1",
      parameters: [
        { name: "id", in: "path", required: true, schema: {} },
        { name: "q", in: "query", schema: sound },
      ],
      requestBody: { content: { "application/json": { schema: sound } } },
      responses: { "404": { description: "", content: { "*/*": { schema: {} } } } },
    },
  });
  expect(JSON.stringify(served.openapi)).not.toMatch(/"other"|"null"|cookie/);
  expect(served.openapi.schemas).toMatchObject({
    "com.example.acme.v1.routes.List": { type: "array", items: {} },
    "com.example.acme.v1.routes.Deep": { allOf: [{ properties: { a: { items: sound } } }] },
    "com.example.acme.v1.routes.Bad": {},
  });
});

test("only a served version of the elder manifest counts, and only for a service that serves routes", async () => {
  const routes = { namespaced: { "/reports": { get: {} } } };
  const path = `${base}/namespaces/default/reports`;
  expect((await start([manifest(routes)]).send("GET", path)).status).toBe(200);
  expect((await start([manifest(routes)], { serves: ["stream"] }).send("GET", path)).status).toBe(404);
  expect((await start([manifest(routes, { version: { served: false } })]).send("GET", path)).status).toBe(404);
  expect((await start([manifest(routes, { version: { name: "v2" } })]).send("GET", path)).status).toBe(404);
  const elder = manifest({}, { metadata: { name: "elder", creationTimestamp: "2026-01-01T00:00:00Z" } });
  const younger = manifest(routes, { metadata: { name: "a", creationTimestamp: "2026-01-02T00:00:00Z" } });
  expect((await start([younger, elder]).send("GET", path)).status).toBe(404);
});

test("a data source plugin is given the routes alone that name a data source", async () => {
  const routes = { namespaced: { "/datasources/{uid}/reports": { get: {} }, "/reports": { get: {} } }, cluster: { "/status": { get: {} } } };
  const { send, received } = start([manifest(routes)], { type: "datasource" });
  expect((await send("GET", `${base}/namespaces/default/datasources/main/reports`)).status).toBe(200);
  expect(received[0]).toMatchObject({ path: "datasources/main/reports", pluginContext: { dataSourceInstanceSettings: { uid: "main" } } });
  for (const path of ["/namespaces/default/reports", "/status"]) expect((await send("GET", base + path)).status).toBe(404);
});

test.each([
  ["no spec", {}],
  ["a spec of another form", { spec: [] }],
  ["versions of another form", { spec: { group: "g", versions: [1, null, { name: 1 }, { name: "v1", routes: [] }] } }],
  ["routes of another form", { spec: { group: "g", versions: [{ name: "v1", routes: { namespaced: { "/a": 1 }, cluster: "x", schemas: 1 } }] } }],
])("%s declares nothing", (_, parts) => {
  const read = [...manifestRoutesFrom({ apiVersion: "", kind: "", metadata: { name: "x" }, ...parts }).values()];
  expect(read.flatMap(({ routes }) => routes)).toEqual([]);
});

const appManifests: ResourceDefinition = {
  ...{ group: appManifestsRef.group, version: appManifestsRef.version, kind: "AppManifest", plural: "appmanifests", scope: "cluster" },
  schema: { type: "object", properties: { spec: { type: "object", "x-kubernetes-preserve-unknown-fields": true } } },
};

test("a change of a manifest through this server is obeyed by the next request", async () => {
  const stop = new AbortController();
  const { server, registry } = createTestApi();
  registry.add(appManifests);
  await server.start(stop.signal);
  const table = new ManifestRouteTable();
  const service = aDataPlaneService({
    ...{ plugin: "acme", pluginType: "app", group: "acme.example.com", version: "v1" },
    serves: [{ type: "route", path: "resources/*" }],
  });
  const api = startAggregator({
    plugins: [aPlugin({ id: "acme", type: "app" })],
    services: [service],
    manifestRoutes: table,
    delegate: server.handler,
  });
  const client = createApiClient({ handler: throughFilters(api.aggregator.handler), user: controlPlaneUser });
  const controller = manifestRoutesController({ client, table, aggregator: api.aggregator, clock: systemClock, logger: silentLogger });
  const running = controller.run(stop.signal);
  await controller.synced;
  // 501: the plugin is asked, and has no resources.
  const status = async (path: string) => (await api.send("GET", `${base}/namespaces/default/${path}`)).status;
  expect(await status("reports")).toBe(404);
  await client.create(appManifestsRef, manifest({ namespaced: { "/reports": { get: {} } } }));
  expect(await status("reports")).toBe(501);
  const changed = manifest({ namespaced: { "/tables": { get: {} } } });
  await client.patch(appManifestsRef, { name: "acme" }, "application/merge-patch+json", { spec: changed["spec"] as JsonObject });
  expect([await status("reports"), await status("tables")]).toEqual([404, 501]);
  await client.delete(appManifestsRef, { name: "acme" });
  expect(await status("tables")).toBe(404);
  stop.abort();
  await running;
});
