import { expect, test } from "vitest";
import { dataPlaneServiceFrom } from "./dataplaneservice.js";
import { aDataPlaneService, aPlugin, startAggregator } from "./testing/start-aggregator.js";

const serve = (api: ReturnType<typeof startAggregator>, service: ReturnType<typeof aDataPlaneService>): void =>
  api.aggregator.serve(dataPlaneServiceFrom(service));
const queryPath = "/apis/prometheus.grafana.app/v0alpha1/namespaces/default/datasources/main/query";
const query = { body: { queries: [{ refId: "A" }] } };

test("a service is obeyed by the next request, and gone after it is withdrawn", async () => {
  const api = startAggregator({ plugins: [aPlugin({ id: "prometheus" })] });
  for (let round = 0; round < 100; round += 1) {
    serve(api, aDataPlaneService({ plugin: "prometheus" }));
    expect((await api.send("POST", queryPath, query)).status).toBe(200);
    api.aggregator.withdraw("v0alpha1.prometheus.grafana.app");
    expect((await api.send("POST", queryPath, query)).status).toBe(404);
  }
});

test("a change of the plugin is obeyed by the next request", async () => {
  const plugins = [aPlugin({ id: "prometheus" }), aPlugin({ id: "loki" })] as const;
  const api = startAggregator({ plugins, services: [aDataPlaneService({ plugin: "prometheus" })] });
  await api.send("POST", queryPath, query);
  serve(api, aDataPlaneService({ plugin: "loki", group: "prometheus.grafana.app" }));
  await api.send("POST", queryPath, query);
  expect(plugins.map(({ received }) => received.length)).toEqual([1, 1]);
});

test("of two services for one group and version the elder serves, and the later one follows when it goes", async () => {
  const plugins = [aPlugin({ id: "prometheus" }), aPlugin({ id: "loki" })] as const;
  const group = "metrics.example.com";
  const api = startAggregator({ plugins });
  serve(api, aDataPlaneService({ plugin: "loki", name: "later", group, created: "2026-01-02T00:00:00Z" }));
  serve(api, aDataPlaneService({ plugin: "prometheus", name: "elder", group, created: "2026-01-01T00:00:00Z" }));
  const path = `/apis/${group}/v0alpha1/namespaces/default/datasources/main/query`;

  await api.send("POST", path, query);
  expect(plugins.map(({ received }) => received.length)).toEqual([1, 0]);
  expect(api.aggregator.conflictOf("later")).toMatchObject({ reason: "GroupConflict" });
  expect(api.aggregator.conflictOf("elder")).toBeUndefined();

  api.aggregator.withdraw("elder");
  await api.send("POST", path, query);
  expect(plugins.map(({ received }) => received.length)).toEqual([1, 1]);
  expect(api.aggregator.conflictOf("later")).toBeUndefined();
});

test.each(["apps.k8s.io", "k8s.io", "aggregation.grafana.app", "loki.datasource.grafana.app", "remote.example.com"])(
  "a service for %s is not routed",
  async (group) => {
    const api = startAggregator({ plugins: [aPlugin({ id: "prometheus" })], stored: { isRemote: (it) => it.group === "remote.example.com" } });
    serve(api, aDataPlaneService({ plugin: "prometheus", name: "x", group }));
    expect(api.aggregator.conflictOf("x")).toMatchObject({ reason: "GroupConflict" });
    expect((await api.send("POST", `/apis/${group}/v0alpha1/namespaces/default/datasources/main/query`, query)).status).toBe(404);
  },
);

const widgets = {
  hasResource: (_group: string, _version: string, it: string): boolean => it === "widgets",
  hasSubresource: (_group: string, _version: string, _plural: string, it: string): boolean => it === "status",
};

test.each(["widgets", "widgets/{name}", "widgets/{name}/status", "widgets/{name}/*", "widgets/*"])(
  "a route that would hide what a stored resource answers is a RouteConflict: %s",
  (path) => {
    const services = [aDataPlaneService({ plugin: "prometheus", name: "x", serves: [{ type: "route", path }] })];
    const { aggregator } = startAggregator({ plugins: [aPlugin({ id: "prometheus" })], services, stored: widgets });
    expect(aggregator.conflictOf("x")).toMatchObject({ reason: "RouteConflict" });
  },
);

test("a route may add a subresource to a stored resource", async () => {
  const serves = [{ type: "route", path: "widgets/{name}/turn" }];
  const services = [aDataPlaneService({ plugin: "prometheus", name: "x", pluginType: "app", serves })];
  const delegate = () => Promise.resolve({ status: 200, headers: {} });
  const { aggregator, send } = startAggregator({ plugins: [aPlugin({ id: "prometheus", type: "app" })], services, stored: widgets, delegate });
  expect(aggregator.conflictOf("x")).toBeUndefined();
  const widget = "/apis/prometheus.grafana.app/v0alpha1/namespaces/default/widgets/one";
  // The plugin is called, and has no resources.
  expect((await send("POST", `${widget}/turn`)).status).toBe(501);
  for (const path of [widget, `${widget}/status`]) expect((await send("GET", path)).status).toBe(200);
});

test("a matched path with another method is 405 with Allow", async () => {
  const { send } = startAggregator({ plugins: [aPlugin({ id: "prometheus" })], services: [aDataPlaneService({ plugin: "prometheus" })] });
  expect(await send("GET", queryPath)).toMatchObject({ status: 405, headers: { allow: "POST" }, json: { reason: "MethodNotAllowed" } });
  const healthPath = queryPath.replace(/query$/, "health");
  expect((await send("HEAD", healthPath)).status).toBe(200);
  expect(await send("POST", healthPath)).toMatchObject({ status: 405, headers: { allow: "GET" } });
});

test("a route's own pattern knows the methods that it lists", async () => {
  const serves = [{ type: "route", path: "reports/{name}", method: "get, POST" }];
  const services = [aDataPlaneService({ plugin: "prometheus", pluginType: "app", serves })];
  const { send } = startAggregator({ plugins: [aPlugin({ id: "prometheus", type: "app" })], services });
  const path = "/apis/prometheus.grafana.app/v0alpha1/namespaces/default/reports/today";
  // The plugin is called, and has no resources.
  expect((await send("POST", path)).status).toBe(501);
  expect(await send("DELETE", path)).toMatchObject({ status: 405, headers: { allow: "GET, POST" } });
});

test("what is no route of the data plane goes to the delegate", async () => {
  const seen: string[] = [];
  const { send } = startAggregator({
    plugins: [aPlugin({ id: "prometheus" })],
    services: [aDataPlaneService({ plugin: "prometheus" })],
    delegate: (request) => {
      seen.push(request.path);
      return Promise.resolve({ status: 200, headers: {} });
    },
  });
  const paths = [
    "/api/v1/namespaces",
    "/apis",
    "/apis/prometheus.grafana.app/v0alpha1",
    "/apis/prometheus.grafana.app/v0alpha1/namespaces/default/datasources/main",
    "/version",
  ];
  for (const path of paths) await send("GET", path);
  expect(seen).toEqual(paths);
});

test("a known service type that is not served answers 501", async () => {
  const serves = ["stream"];
  const { send } = startAggregator({ plugins: [aPlugin({ id: "prometheus" })], services: [aDataPlaneService({ plugin: "prometheus", serves })] });
  const base = "/apis/prometheus.grafana.app/v0alpha1/namespaces/default";
  expect((await send("GET", `${base}/datasources/main/stream/x`)).json).toMatchObject({ kind: "Status", code: 501, reason: "NotImplemented" });
});

test("until the first sync a group that is not known is 503 with Retry-After, what is stored is served", async () => {
  const delegate = () => Promise.resolve({ status: 200, headers: {} });
  const { send, aggregator } = startAggregator({ synced: false, delegate, stored: { hasGroup: (group) => group === "example.com" } });
  expect(await send("POST", queryPath, query)).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
  for (const path of ["/apis/prometheus.grafana.app", "/apis/prometheus.grafana.app/v0alpha1"]) expect((await send("GET", path)).status).toBe(503);
  for (const path of ["/apis/example.com/v1/widgets", "/apis/example.com/v1", "/apis", "/version"])
    expect((await send("GET", path)).status).toBe(200);
  aggregator.markSynced();
  expect((await send("POST", queryPath, query)).status).toBe(200);
});

test("a write is answered after those who listen have obeyed it", async () => {
  const api = startAggregator({ delegate: () => Promise.resolve({ status: 201, headers: {} }) });
  const order: string[] = [];
  api.aggregator.onWrite(async ({ resource }) => {
    await new Promise(setImmediate);
    order.push(resource);
  });
  await api.send("POST", "/apis/aggregation.grafana.app/v0alpha1/dataplaneservices", { body: {} });
  order.push("answered");
  await api.send("GET", "/apis/aggregation.grafana.app/v0alpha1/dataplaneservices");
  expect(order).toEqual(["dataplaneservices", "answered"]);
});

test("discovery shows the subresources of the services that are routed", () => {
  const { aggregator } = startAggregator({ plugins: [aPlugin({ id: "prometheus" })], services: [aDataPlaneService({ plugin: "prometheus" })] });
  const before = aggregator.apiSource.generation;
  const [served] = aggregator.apiSource.served();
  expect(served).toMatchObject({ group: "prometheus.grafana.app", version: "v0alpha1", freshness: "Current" });
  expect(served?.resources.map(({ name }) => name)).toEqual(["datasources/query", "connections/query", "datasources/health", "datasources/access"]);
  expect(Object.keys(served?.openapi.paths ?? {})).toContain(`/apis/prometheus.grafana.app/v0alpha1/namespaces/{namespace}/datasources/{uid}/query`);
  aggregator.withdraw("v0alpha1.prometheus.grafana.app");
  expect(aggregator.apiSource.served().map(({ group }) => group)).toEqual(["query.grafana.app"]);
  expect(aggregator.apiSource.generation).toBeGreaterThan(before);
});
