import { Buffer } from "node:buffer";
import type { CallResourceRequest, CallResourceResponse } from "@dataplane/plugin-protocol";
import { expect, test } from "vitest";
import type { DataPlaneServiceEntry } from "../dataplaneservice.js";
import { aDataPlaneService, aPlugin, startAggregator } from "../testing/start-aggregator.js";

const base = "/apis/acme.example.com/v1";
const own = `${base}/namespaces/org-7`;

/** A plugin that keeps what it was asked. */
function recording(type: "app" | "datasource", serves: readonly (string | DataPlaneServiceEntry)[]) {
  const received: CallResourceRequest[] = [];
  async function* callResource(request: CallResourceRequest): AsyncIterable<CallResourceResponse> {
    received.push(request);
    yield await Promise.resolve({ code: 200, headers: {}, body: Buffer.from("ok") });
  }
  const plugin = aPlugin({ id: "acme", type, calls: { callResource } });
  const service = aDataPlaneService({ plugin: "acme", pluginType: type, group: "acme.example.com", version: "v1", serves });
  const dataSources = [{ pluginId: "acme", uid: "main", namespace: "org-7" }];
  return { ...startAggregator({ plugins: [plugin], services: [service], dataSources }), received };
}

const app = (path: string, method?: string) => recording("app", [{ type: "route", path, ...(method === undefined ? {} : { method }) }]);

test.each<[pattern: string, methods: string | undefined, method: string, path: string, expected: number | string]>([
  // Methods: all, one, a list, in any case; HEAD where GET is.
  ["reports", undefined, "GET", "reports", "reports"],
  ["reports", undefined, "POST", "reports", "reports"],
  ["reports", undefined, "HEAD", "reports", "reports"],
  ["reports", undefined, "OPTIONS", "reports", "reports"],
  ["reports", undefined, "PROPFIND", "reports", "reports"],
  ["reports", "", "DELETE", "reports", "reports"],
  ["reports", "GET", "GET", "reports", "reports"],
  ["reports", "GET", "HEAD", "reports", "reports"],
  ["reports", "GET", "POST", "reports", 405],
  ["reports", "get, PUT", "PUT", "reports", "reports"],
  ["reports", "get, PUT", "PATCH", "reports", 405],
  ["reports", "POST", "OPTIONS", "reports", 405],
  // Segments, names, and the rest.
  ["/reports", undefined, "GET", "reports", "reports"],
  ["reports", undefined, "GET", "reports/", "reports/"],
  ["reports", undefined, "GET", "reports/1", 404],
  ["reports", undefined, "GET", "Reports", 404],
  ["reports/{id}", undefined, "GET", "reports/1", "reports/1"],
  ["reports/{id}", undefined, "GET", "reports", 404],
  ["reports/{id}", undefined, "GET", "reports/1/2", 404],
  ["reports/{id}/rows/{row}", undefined, "GET", "reports/1/rows/2", "reports/1/rows/2"],
  ["reports/*", undefined, "GET", "reports/a/b/c", "reports/a/b/c"],
  ["reports/*", undefined, "GET", "reports/a/", "reports/a/"],
  ["reports/*", undefined, "GET", "reports", 404],
  ["*", undefined, "GET", "anything/at/all", "anything/at/all"],
  ["{kind}/{name}", undefined, "GET", "a/b", "a/b"],
  // Encodings: decoded once, and refused where two parsers could disagree.
  ["reports/{id}", undefined, "GET", "reports/a%20b", "reports/a b"],
  ["reports/{id}", undefined, "GET", "reports/a+b", "reports/a+b"],
  ["reports/{id}", undefined, "GET", "reports/a;v=1,2", "reports/a;v=1,2"],
  ["reports/{id}", undefined, "GET", "reports/%C3%BCber", "reports/über"],
  ["reports/{id}", undefined, "GET", "reports/100%25", "reports/100%25"],
  ["reports/{id}", undefined, "GET", "reports/why%3Fa=b%23c", "reports/why%3Fa=b%23c"],
  ["reports/{id}", undefined, "GET", "reports/%72", "reports/r"],
  ["r%65ports/{id}", undefined, "GET", "reports/1", 404],
  ["reports/{id}", undefined, "GET", "%72eports/1", "reports/1"],
  ["reports/{id}", undefined, "GET", "reports/a%2Fb", 400],
  ["reports/{id}", undefined, "GET", "reports/a%5Cb", 400],
  ["reports/*", undefined, "GET", "reports//x", 400],
  ["reports/*", undefined, "GET", "reports/../x", 400],
  ["reports/*", undefined, "GET", "reports/%2e%2e/x", 400],
  ["reports/*", undefined, "GET", "reports/%ff", 400],
])("route %s %s: %s %s is %s", async (pattern, methods, method, path, expected) => {
  const { send, received } = app(pattern, methods);
  // What another parser refuses never comes to the routes: the filter says so.
  const sending = (async () => (await send(method, `${own}/${path}`)).status)().catch((thrown: unknown) => statusOf(thrown));
  if (typeof expected === "number") expect([await sending, received.length]).toEqual([expected, 0]);
  else expect([await sending, received.map((it) => [it.method, it.path])]).toEqual([200, [[method, expected]]]);
});

const statusOf = (thrown: unknown): unknown => (thrown instanceof Error && "code" in thrown ? thrown.code : thrown);

test("the URL has the path encoded as Go writes it, and the query", async () => {
  const { send, received } = app("reports/{id}");
  await send("GET", `${own}/reports/a%20b;c=1,@:%3F(%25)?x=1;2&y=%20&z=a+b`);
  expect(received[0]).toMatchObject({ url: "reports/a%20b;c=1,@%3A%3F%28%25%29?x=1%3B2&y=+&z=a+b" });
});

test("an app is told the namespace, the version of the path, and has its settings", async () => {
  const { send, received } = app("reports/{id}");
  await send("GET", `${own}/reports/1`);
  expect(received[0]?.pluginContext).toMatchObject({ pluginId: "acme", namespace: "org-7", orgId: 7, apiVersion: "v1", appInstanceSettings: {} });
  expect(received[0]?.pluginContext.dataSourceInstanceSettings).toBeUndefined();
});

test.each([
  ["resources", ""],
  ["resources/", ""],
  ["resources/x", "x"],
  ["resources/x/", "x/"],
  ["resources/resources/y", "resources/y"],
])("the fixed path of an app: %s calls %j", async (path, expected) => {
  const { send, received } = app("reports/{id}");
  expect((await send("DELETE", `${own}/${path}`)).status).toBe(200);
  expect(received[0]).toMatchObject({ path: expected, url: expected, method: "DELETE" });
});

test.each([
  ["datasources/main/resources", ""],
  ["datasources/main/resources/", ""],
  ["datasources/main/resources/api/x", "api/x"],
  ["datasources/main/reports/7", "datasources/main/reports/7"],
])("a data source plugin: %s calls %j with the data source's settings", async (path, expected) => {
  const { send, received } = recording("datasource", [{ type: "route", path: "datasources/{uid}/reports/{id}" }]);
  expect((await send("GET", `${own}/${path}`)).status).toBe(200);
  expect(received[0]).toMatchObject({ path: expected, pluginContext: { dataSourceInstanceSettings: { uid: "main" } } });
  expect((await send("GET", `${own}/${path.replace("main", "other")}`)).status).toBe(404);
});

test("a pattern of a data source plugin that names no data source is refused, and calls nothing", async () => {
  const { send, received } = recording("datasource", [{ type: "route", path: "reports/{id}" }]);
  expect(await send("GET", `${own}/reports/1`)).toMatchObject({
    status: 400,
    json: { message: expect.stringContaining("datasources/{uid}/") as string },
  });
  expect(received).toEqual([]);
});

test("the longest literal prefix is tried first, then the more literal one; a method that does not fit goes on", async () => {
  const { moreSpecific, parsePathPattern } = await import("../path-pattern.js");
  const patterns = ["*", "{a}", "a/*", "a/{b}", "a/{b}/c", "a/{b}/{c}", "a/b", "a/b/*"];
  const parsed = patterns.map((path) => ({ path, pattern: parsePathPattern(`namespaces/{namespace}/${path}`).pattern }));
  const ordered = parsed.toSorted((x, y) => moreSpecific(x.pattern, y.pattern)).map(({ path }) => path);
  expect(ordered).toEqual(["a/b", "a/b/*", "a/{b}", "a/{b}/c", "a/{b}/{c}", "a/*", "{a}", "*"]);
});

test("a service's own route is in discovery and in OpenAPI", () => {
  const { aggregator } = recording("app", [{ type: "route", path: "reports/{id}/*", method: "GET,POST" }]);
  const [served] = aggregator.apiSource.served();
  expect(served?.resources).toContainEqual({
    ...{ name: "reports", singularName: "", kind: "ResourceCallResponse", namespaced: true },
    verbs: ["create", "get"],
  });
  expect(served?.openapi.paths[`${base}/namespaces/{namespace}/reports/{id}/{path}`]).toMatchObject({
    get: { operationId: "getReportsByIdPathAcmeExampleComV1" },
    post: { requestBody: {} },
    parameters: [{ name: "namespace" }, { name: "id" }, { name: "path" }],
  });
});
