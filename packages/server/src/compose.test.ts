import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Readable } from "node:stream";
import { type Handler, type HttpRequest, type HttpResponse, isJsonObject, silentLogger, systemClock } from "@dataplane/meta";
import { createPluginHost } from "@dataplane/plugin-host";
import { links } from "@dataplane/plugin-protocol";
import { createMemoryStore } from "@dataplane/storage";
import { afterEach, expect, test } from "vitest";
import { type Composition, compose } from "./compose.js";
import { loadConfig } from "./config/load-config.js";
import { openTokens } from "./identity/tokens.js";
import { openUsers } from "./identity/users.js";
import { Lifetime } from "./lifetime.js";
import { openCertificates } from "./tls/certificates.js";

const lifetimes: Lifetime[] = [];
afterEach(async () => {
  for (const lifetime of lifetimes.splice(0)) await lifetime.end();
});

/** The whole chain in this process, not started: a store in memory, no plugins, no sockets. */
async function aComposition(ini = ""): Promise<Composition> {
  const root = mkdtempSync(path.join(tmpdir(), "server-"));
  const file = path.join(root, "test.ini");
  writeFileSync(file, ini);
  const config = loadConfig({ root, file, env: {}, overrides: [] });
  const common = { clock: systemClock, logger: silentLogger };
  const plugins = createPluginHost({
    ...common,
    directories: [],
    dataDirectory: root,
    allowUnsigned: false,
    settingsFor: () => ({}),
    version: "0.0.0",
    link: links["grpc-js"],
  });
  const users = await openUsers({ directory: root, adminUser: "admin", adminPassword: "admin" });
  const tokens = openTokens(root, () => new Date());
  const certificates = openCertificates({ directory: root, root, config, ...common });
  return compose({ ...common, config, env: {}, store: createMemoryStore(), plugins, users, tokens, keyDirectory: root, certificates });
}

async function aServer(ini = ""): Promise<Handler> {
  const composition = await aComposition(ini);
  const lifetime = new Lifetime(silentLogger);
  lifetimes.push(lifetime);
  await composition.start(lifetime);
  const { handler } = composition;
  await until(async () => (await get(handler, "/readyz")).status === 200);
  return handler;
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 15_000; performance.now() < end; ) {
    if (await isSo()) return;
    await systemClock.sleep(10);
  }
  throw new Error("it did not come to be");
}

const bodyOf = (text: string): AsyncIterable<Uint8Array> => Readable.from(text === "" ? [] : [Buffer.from(text)]);

const basic = (credential: string) => ({ authorization: `Basic ${Buffer.from(credential).toString("base64")}` });
const admin = basic("admin:admin");

function ask(
  handler: Handler,
  method: string,
  url: string,
  options: { readonly headers?: Record<string, string>; readonly body?: object; readonly from?: string } = {},
): Promise<HttpResponse> {
  const { pathname, searchParams } = new URL(url, "http://localhost");
  const request: HttpRequest = {
    method,
    path: pathname,
    query: searchParams,
    headers: { ...(options.headers ?? admin), ...(options.body === undefined ? {} : { "content-type": "application/json" }) },
    body: bodyOf(options.body === undefined ? "" : JSON.stringify(options.body)),
    signal: new AbortController().signal,
    remoteAddress: options.from ?? "127.0.0.1",
    context: {},
  };
  return handler(request);
}

const get = (handler: Handler, url: string, options: Parameters<typeof ask>[3] = {}): Promise<HttpResponse> => ask(handler, "GET", url, options);

async function jsonOf({ body }: HttpResponse): Promise<Record<string, unknown>> {
  const pieces: Uint8Array[] = [];
  if (typeof body === "string") pieces.push(Buffer.from(body));
  else if (body instanceof Uint8Array) pieces.push(body);
  else if (body !== undefined) for await (const piece of body) pieces.push(piece);
  const value: unknown = JSON.parse(Buffer.concat(pieces).toString());
  return isJsonObject(value) ? value : {};
}

const dataPlaneService = {
  apiVersion: "aggregation.grafana.app/v0alpha1",
  kind: "DataPlaneService",
  metadata: { name: "v1.x.example.com" },
  spec: { pluginID: "absent", pluginType: "datasource", group: "x.example.com", version: "v1", services: [{ type: "query" }] },
};

const dpsPath = "/apis/aggregation.grafana.app/v0alpha1/dataplaneservices";
const apiServicesPath = "/apis/apiregistration.k8s.io/v1/apiservices";

test("an unmatched request passes GrafanaAggregator, KubeAggregator and ApiServer, in that order", async () => {
  const handler = await aServer();
  // Its last word is the API server's ...
  expect(await jsonOf(await get(handler, "/apis/nowhere.example.com/v1/things"))).toMatchObject({ kind: "Status", reason: "NotFound", code: 404 });
  // ... unless the kube-aggregator knows the group as a remote one ...
  const remote = {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name: "v1.x.example.com" },
    spec: { group: "x.example.com", version: "v1", groupPriorityMinimum: 100, versionPriority: 10, service: { namespace: "a", name: "b" } },
  };
  expect((await ask(handler, "POST", apiServicesPath, { body: remote })).status).toBe(201);
  await until(async () => (await statusOf(handler, "/apis/x.example.com/v1/namespaces/default/datasources/u/query", "POST"))["code"] === 503);
  expect((await ask(handler, "DELETE", `${apiServicesPath}/v1.x.example.com`)).status).toBe(200);
  // ... or the data plane has a route.
  expect((await ask(handler, "POST", dpsPath, { body: dataPlaneService })).status).toBe(201);
  expect(await statusOf(handler, "/apis/x.example.com/v1/namespaces/default/datasources/u/query", "POST")).toMatchObject({
    code: 503,
    message: expect.stringContaining("absent"),
  });
});

async function statusOf(handler: Handler, url: string, method: string): Promise<Record<string, unknown>> {
  return jsonOf(await ask(handler, method, url, { body: { queries: [{ refId: "A" }] } }));
}

test("a kind that a definition declares is served to the writer's next request, by the whole chain", async () => {
  const handler = await aServer();
  const schema = { openAPIV3Schema: { type: "object", properties: { spec: { type: "object", properties: { size: { type: "integer" } } } } } };
  const definition = {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "parts.example.com" },
    spec: {
      group: "example.com",
      names: { plural: "parts", kind: "Part" },
      scope: "Namespaced",
      versions: [{ name: "v1", served: true, storage: true, schema }],
    },
  };
  const made = await ask(handler, "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", { body: definition });
  expect(made.status).toBe(201);
  const parts = "/apis/example.com/v1/namespaces/default/parts";
  const part = { apiVersion: "example.com/v1", kind: "Part", metadata: { name: "a" }, spec: { size: 1, other: 2 } };
  expect(await jsonOf(await ask(handler, "POST", parts, { body: part }))).toMatchObject({ kind: "Part", spec: { size: 1 } });
  expect((await get(handler, parts)).status).toBe(200);
  await until(async () => (await localNames(handler)).includes("v1.example.com"));
});

test("every local group has an APIService that is available", async () => {
  const handler = await aServer();
  await until(async () => (await localNames(handler)).length >= 15);
  expect(await localNames(handler)).toEqual([
    "v0alpha1.aggregation.grafana.app",
    "v0alpha1.apps.grafana.app",
    "v0alpha1.query.grafana.app",
    "v0alpha1.service.grafana.app",
    "v1.",
    "v1.admissionregistration.k8s.io",
    "v1.apiextensions.k8s.io",
    "v1.apiregistration.k8s.io",
    "v1.authentication.k8s.io",
    "v1.authorization.k8s.io",
    "v1.coordination.k8s.io",
    "v1.events.k8s.io",
    "v1.rbac.authorization.k8s.io",
    "v1alpha1.apps.grafana.app",
    "v1alpha2.apps.grafana.app",
  ]);
});

/** Names of the APIServices whose Available condition has the reason Local. */
async function localNames(handler: Handler): Promise<readonly string[]> {
  const { items } = await jsonOf(await get(handler, apiServicesPath));
  const local = (Array.isArray(items) ? items : []).filter((it) => JSON.stringify(it).includes('"reason":"Local"'));
  return local.map((it: { readonly metadata: { readonly name: string } }) => it.metadata.name);
}

test("without dataplaneAggregator its kind and routes are 404", async () => {
  const handler = await aServer("[feature_toggles]\ndataplaneAggregator = false");
  expect((await get(handler, dpsPath)).status).toBe(404);
  expect(
    (await ask(handler, "POST", "/apis/testdata.datasource.grafana.app/v0alpha1/namespaces/default/datasources/u/query", { body: {} })).status,
  ).toBe(404);
  expect((await get(handler, apiServicesPath)).status).toBe(200);
});

test("without kubernetesAggregator APIServices are 404 and stored resources go on", async () => {
  const handler = await aServer("[feature_toggles]\nkubernetesAggregator = false");
  expect((await get(handler, apiServicesPath)).status).toBe(404);
  expect((await get(handler, "/api/v1/namespaces/default")).status).toBe(200);
  expect((await get(handler, dpsPath)).status).toBe(200);
});

test("only probes and the version are open to all", async () => {
  const handler = await aServer();
  for (const open of ["/livez", "/readyz", "/healthz", "/version", "/api/health", "/readyz/store"])
    expect((await get(handler, open, { headers: {} })).status).toBe(200);
  for (const closed of ["/apis", "/api", "/openapi/v2", "/openapi/v3", "/api/v1/namespaces", dpsPath, "/metrics", "/"]) {
    const response = await get(handler, closed, { headers: {} });
    expect(response.status).toBe(401);
    expect(await jsonOf(response)).toMatchObject({ kind: "Status", reason: "Unauthorized" });
  }
});

test("wrong passwords are 401, and the default one from elsewhere says which key to set", async () => {
  const handler = await aServer();
  expect((await get(handler, "/apis", { headers: basic("admin:nope") })).status).toBe(401);
  const away = await get(handler, "/apis", { from: "192.0.2.1" });
  expect(away.status).toBe(401);
  expect((await jsonOf(away))["message"]).toContain("[security] admin_password");
  expect((await get(handler, "/apis", { headers: { ...admin, "x-forwarded-for": "192.0.2.1" } })).status).toBe(401);
  expect((await get(handler, "/apis")).status).toBe(200);
});

test("readyz fails once the server is to stop", async () => {
  const composition = await aComposition();
  expect((await get(composition.handler, "/readyz")).status).toBe(500);
  const lifetime = new Lifetime(silentLogger);
  lifetimes.push(lifetime);
  await composition.start(lifetime);
  await until(async () => (await get(composition.handler, "/readyz")).status === 200);
  composition.stopAccepting();
  expect(await get(composition.handler, "/readyz?verbose")).toMatchObject({ status: 500, body: expect.stringContaining("[-]shutdown failed") });
  expect((await get(composition.handler, "/livez")).status).toBe(200);
});

test("/metrics needs a login, or the scraper's own credentials, and counts what this server serves", async () => {
  const handler = await aServer("[metrics]\nbasic_auth_username = scraper\nbasic_auth_password = s3cret\n");
  await get(handler, "/api/v1/namespaces");
  await get(handler, "/apis/made.up.example.com/v1/things");
  expect((await get(handler, "/metrics", { headers: {} })).status).toBe(401);
  expect((await get(handler, "/metrics", { headers: basic("scraper:wrong") })).status).toBe(401);
  expect((await get(handler, "/api/v1/namespaces", { headers: basic("scraper:s3cret") })).status).toBe(401);
  expect((await get(handler, "/metrics")).status).toBe(200);
  const { status, body } = await get(handler, "/metrics", { headers: basic("scraper:s3cret") });
  expect(status).toBe(200);
  const text = typeof body === "string" ? body : "";
  expect(text).toContain('apiserver_request_total{verb="LIST",group="",version="v1",resource="namespaces",subresource="",code="200"} 1');
  expect(text).toContain('apiserver_request_total{verb="LIST",group="unknown",version="",resource="unknown",subresource="",code="404"} 1');
  expect(text).toContain("apiserver_current_inflight_requests");
  expect(text).toContain("aggregator_unavailable_apiservice{");
  expect(text).toContain("process_cpu_seconds_total");
  expect(text).not.toContain("made.up");
});

test("switched off, there are no metrics", async () => {
  const handler = await aServer("[metrics]\nenabled = false\n");
  expect((await get(handler, "/metrics")).status).toBe(404);
});
