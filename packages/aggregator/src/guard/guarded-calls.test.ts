import { createMetrics, silentLogger, systemClock } from "@dataplane/meta";
import { GrpcCode, GrpcError } from "@dataplane/plugin-protocol";
import { expect, test } from "vitest";
import { parseAddressRules } from "../outbound/address-rules.js";
import { defaultRules } from "../outbound/destination-rules.js";
import { createOutbound } from "../outbound/outbound.js";
import { anAnswer, aPlugin, type FakePluginOptions } from "../testing/a-plugin.js";
import { aDataPlaneService, startAggregator } from "../testing/start-aggregator.js";
import { createCallGuard } from "./create-call-guard.js";

const root = "/apis/p.grafana.app/v0alpha1/namespaces/default/datasources";
const lines = { headers: { accept: "text/jsonl" } };

function aGuard(perSecond = 0) {
  const limit = { inFlight: 0, perSecond };
  return createCallGuard({
    ...{ perDataSource: limit, perUser: limit, callTimeoutMs: 5000 },
    ...{ metrics: createMetrics(), clock: systemClock, logger: silentLogger },
  });
}

function start({ calls, perSecond }: Pick<FakePluginOptions, "calls"> & { readonly perSecond?: number }) {
  return startAggregator({
    plugins: [aPlugin({ id: "p", ...(calls === undefined ? {} : { calls }) })],
    services: [aDataPlaneService({ plugin: "p", serves: ["query", "route"] })],
    dataSources: ["main", "other"].map((uid) => ({ pluginId: "p", uid })),
    guard: aGuard(perSecond),
  });
}

const gone = (): GrpcError => new GrpcError(GrpcCode.Unavailable, "gone");
const goneStream = (): AsyncIterable<never> => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(gone()) }) });

test("failures of queries, of queries in chunks and of resources add up to one breaker of their data source", async () => {
  let asked = 0;
  const { query, send } = start({
    calls: {
      queryData: ({ pluginContext }) => {
        asked += 1;
        return pluginContext.dataSourceInstanceSettings?.uid === "other" ? Promise.resolve({ responses: { A: anAnswer() } }) : Promise.reject(gone());
      },
      queryChunkedData: goneStream,
      callResource: goneStream,
    },
  });
  const kinds = [
    () => query("p", "main", { refId: "A" }),
    () => query("p", "main", { refId: "A" }, lines),
    () => send("GET", `${root}/main/resources/x`),
  ];
  for (const kind of [...kinds, ...kinds].slice(0, 5)) expect((await kind()).text).toContain("went away");
  expect(asked).toBe(2);
  for (const kind of kinds) {
    const refused = await kind();
    expect(refused).toMatchObject({ status: 503, json: { reason: "ServiceUnavailable", details: { retryAfterSeconds: 5 } } });
    expect(refused.text).toContain("not asked for now");
    expect(refused.headers["retry-after"]).toBe("5");
  }
  expect(asked).toBe(2);
  expect((await query("p", "other", { refId: "A" })).status).toBe(200);
  const both = { queries: ["main", "other"].map((uid) => ({ refId: uid === "other" ? "A" : uid, datasource: { uid, type: "p" } })) };
  const service = await send("POST", "/apis/query.grafana.app/v0alpha1/namespaces/default/query", { body: both });
  expect(service).toMatchObject({ status: 200, json: { results: { A: { status: 200 }, main: { status: 503 } } } });
  expect((await send("GET", `${root}/main/health`)).status).toBe(200);
  expect((await kinds[0]?.())?.text).toContain("went away");
});

test("lines of a plugin without chunks are one start, though it is called twice", async () => {
  const { query } = start({ perSecond: 1 });
  expect((await query("p", "main", { refId: "A" }, lines)).status).toBe(200);
  expect((await query("p", "main", { refId: "A" }, lines)).status).toBe(429);
});

test("a data source that is not there, and a body that is none, count for nothing", async () => {
  const { query } = start({ perSecond: 1 });
  expect((await query("p", "absent", { refId: "A" })).status).toBe(404);
  expect((await query("p", "main", {}, { body: "{" })).status).toBe(400);
  expect((await query("p", "main", { refId: "A" })).status).toBe(200);
});

test("backends by HTTP, and servers that routes of plugin.json name, have breakers of their own", async () => {
  const outbound = createOutbound({ rules: { ...defaultRules, allow: parseAddressRules(["127.0.0.0/8"]) } });
  const route = { path: "api", url: "http://127.0.0.1:2" };
  const routes = [{ ...route, method: "", raw: route }];
  const plugin = aPlugin({ id: "p" });
  const { send, query } = startAggregator({
    plugins: [{ ...plugin, json: { ...plugin.json, routes } }],
    services: [
      aDataPlaneService({ plugin: "p", serves: ["query", "datasource-proxy"] }),
      aDataPlaneService({
        plugin: "",
        group: "b.example.com",
        spec: { pluginID: "", pluginType: "", backend: { type: "http", baseURL: "http://127.0.0.1:1" } },
      }),
    ],
    dataSources: [{ pluginId: "p", uid: "main", url: "http://127.0.0.1:1" }],
    outbound,
    guard: aGuard(),
  });
  const ways = [`${root}/main/proxy/api`, `${root}/main/proxy/x`, "/apis/b.example.com/v0alpha1/namespaces/default/datasources/main/query"];
  for (const way of ways) {
    for (let times = 0; times < 5; times += 1) expect((await send("POST", way, { body: "{}" })).text).toContain("cannot be reached");
    expect((await send("POST", way, { body: "{}" })).text).toContain("not asked for now");
  }
  expect((await query("p", "main", { refId: "A" })).status).toBe(200);
  await outbound.close();
});
