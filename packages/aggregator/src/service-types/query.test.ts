import { GrpcCode, GrpcError } from "@dataplane/plugin-protocol";
import { expect, test } from "vitest";
import { emptyFrame } from "../testing/a-plugin.js";
import { aDataPlaneService, anAnswer, aPlugin, startAggregator } from "../testing/start-aggregator.js";

const path = "/apis/prometheus.grafana.app/v0alpha1/namespaces/default/datasources/main/query";
const services = [aDataPlaneService({ plugin: "prometheus" })];
const clock = { now: () => new Date("2026-11-24T12:00:00Z"), sleep: () => Promise.resolve() };
const queryA = { refId: "A", datasource: { type: "prometheus", uid: "main" } };

test("a query reaches the plugin that serves its group, whole, with its defaults beside it", async () => {
  const plugin = aPlugin({ id: "prometheus" });
  const { send } = startAggregator({ plugins: [plugin], services, clock });
  const sent = '{"refId":"A", "expr":"up","big":12345678901234567890,"nested":{"a":[1, 2]}}';

  const response = await send("POST", path, { body: `{"from":"now-1h","queries":[${sent}],"to":"now"}` });

  expect(response.status).toBe(200);
  expect(response.text).toBe(`{"results":{"A":{"status":200,"frames":[${emptyFrame}]}}}`);
  const [request] = plugin.received;
  const [query] = request?.queries ?? [];
  expect(Buffer.from(query?.json ?? []).toString()).toBe(sent);
  expect(query).toMatchObject({ refId: "A", queryType: "", maxDataPoints: 100, intervalMS: 1000 });
  expect(query?.timeRange).toEqual({ fromEpochMS: Date.parse("2026-11-24T11:00:00Z"), toEpochMS: Date.parse("2026-11-24T12:00:00Z") });
  expect(request?.pluginContext.dataSourceInstanceSettings?.uid).toBe("main");
});

test("connections and datasources are two names of the same path", async () => {
  const plugin = aPlugin({ id: "prometheus" });
  const { send } = startAggregator({ plugins: [plugin], services });
  const response = await send("POST", path.replace("datasources", "connections"), { body: { queries: [queryA] } });
  expect(response.status).toBe(200);
  expect(plugin.received).toHaveLength(1);
});

test("results are sorted by refId, each with its own status, and the answer is 200 when some failed", async () => {
  const answers = { B: { error: "no such host", errorSource: "downstream", status: 502, frames: [] } };
  const { query } = startAggregator({ plugins: [aPlugin({ id: "prometheus", answers })], services });
  const response = await query("prometheus", "main", [{ refId: "C" }, { refId: "B" }, { refId: "A" }]);
  expect(response.status).toBe(200);
  const ok = `{"status":200,"frames":[${emptyFrame}]}`;
  expect(response.text).toBe(`{"results":{"A":${ok},"B":{"error":"no such host","errorSource":"downstream","status":502},"C":${ok}}}`);
});

test("a frame that is no JSON is an error of its own result, a query without an answer too", async () => {
  const queryData = () => Promise.resolve({ responses: { A: anAnswer({ frames: [Buffer.from("{nonsense")] }), B: anAnswer() } });
  const { query } = startAggregator({ plugins: [aPlugin({ id: "prometheus", calls: { queryData } })], services });
  const response = await query("prometheus", "main", [{ refId: "A" }, { refId: "B" }, { refId: "C" }]);
  expect(response.json).toMatchObject({
    results: { A: { status: 502, errorSource: "plugin" }, B: { status: 200 }, C: { status: 500, errorSource: "plugin" } },
  });
});

test("hidden queries are left out, a missing refId is A, and a query may have its own time range", async () => {
  const plugin = aPlugin({ id: "prometheus" });
  const { query } = startAggregator({ plugins: [plugin], services, clock });
  await query("prometheus", "main", [
    { refId: "H", hide: true },
    { timeRange: { from: "1000", to: 2000 }, maxDataPoints: 7, intervalMs: 5.5 },
  ]);
  const [request] = plugin.received;
  expect(request?.queries).toHaveLength(1);
  expect(request?.queries[0]).toMatchObject({ refId: "A", maxDataPoints: 7, intervalMS: 5, timeRange: { fromEpochMS: 1000, toEpochMS: 2000 } });
});

test.each([
  ["malformed JSON", "{", /no JSON/],
  ["an empty body", "", /empty/],
  ["a list", "[]", /JSON object/],
  ["no queries", "{}", /queries: required/],
  ["queries that are no list", '{"queries":{}}', /must be a list/],
  ["empty queries", '{"queries":[]}', /must not be empty/],
  ["a query that is no object", '{"queries":[1]}', /queries\[0\]: must be an object/],
  ["a refId that is no text", '{"queries":[{"refId":1}]}', /refId: must be a string/],
  ["a refId that is there twice", '{"queries":[{"refId":"A"},{"refId":"A"}]}', /"A" is there twice/],
  ["two queries without a refId", '{"queries":[{},{}]}', /"A" is there twice/],
  ["another uid in the body", '{"queries":[{"datasource":{"uid":"other"}}]}', /expected query body datasource and request to match/],
  ["another uid by the oldest form", '{"queries":[{"datasource":"other"}]}', /expected query body datasource and request to match/],
  ["another type in the body", '{"queries":[{"datasource":{"type":"loki"}}]}', /expected query body datasource and request to match/],
  ["a data source that is no object", '{"queries":[{"datasource":7}]}', /datasource: must be an object/],
  ["an expression", '{"queries":[{"datasource":{"uid":"__expr__","type":"__expr__"}}]}', /expressions/],
  ["maxDataPoints that is no number", '{"queries":[{"maxDataPoints":"x"}]}', /maxDataPoints: must be a number/],
  ["a time that is none", '{"from":"yesterday","queries":[{}]}', /from: "yesterday" is no time/],
  ["a time of a query that is none", '{"queries":[{"timeRange":{"to":true}}]}', /queries\[0\]\.timeRange\.to/],
])("%s is the caller's fault, and never reaches the plugin", async (_, body, message) => {
  const plugin = aPlugin({ id: "prometheus" });
  const { send } = startAggregator({ plugins: [plugin], services });
  const response = await send("POST", path, { body });
  expect(response.json).toMatchObject({ kind: "Status", reason: "BadRequest", code: 400, message: expect.stringMatching(message) as string });
  expect(plugin.received).toHaveLength(0);
});

test("a body that is no UTF-8 is 400", async () => {
  const { send } = startAggregator({ plugins: [aPlugin({ id: "prometheus" })], services });
  expect((await send("POST", path, { body: Buffer.from([0x7b, 0xff, 0x7d]) })).status).toBe(400);
});

test.each([
  [200, {}],
  [200, { "content-type": "application/json; charset=utf-8" }],
  [200, { "content-type": "application/x-www-form-urlencoded" }],
  [403, { "content-type": "application/x-www-form-urlencoded", origin: "http://evil.example" }],
  [403, { "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "cross-site" }],
  [415, { "content-type": "text/plain" }],
  [415, { "content-type": "application/yaml" }],
  [415, { "content-type": "application/json", "content-encoding": "gzip" }],
])("answers %i to the headers %o", async (status, headers) => {
  const { query } = startAggregator({ plugins: [aPlugin({ id: "prometheus" })], services });
  expect((await query("prometheus", "main", queryA, { headers })).status).toBe(status);
});

test("a body over the limit is 413, told by its length or by its pieces", async () => {
  const { query } = startAggregator({ plugins: [aPlugin({ id: "prometheus" })], services, limits: { bodyBytes: 100 } });
  const big = { ...queryA, expr: "x".repeat(100) };
  expect((await query("prometheus", "main", big)).json).toMatchObject({ code: 413, reason: "RequestEntityTooLarge" });
  expect((await query("prometheus", "main", {}, { headers: { "content-length": "101" } })).status).toBe(413);
});

test("a data source that is not there is a 404 Status", async () => {
  const { query } = startAggregator({ plugins: [aPlugin({ id: "prometheus" })], services });
  expect((await query("prometheus", "nowhere", { refId: "A" })).json).toMatchObject({ kind: "Status", code: 404, reason: "NotFound" });
});

test("a plugin that is absent, or down, is 503 with Retry-After", async () => {
  const absent = await startAggregator({ services, dataSources: [] }).query("prometheus", "main", queryA);
  expect(absent).toMatchObject({ status: 503, headers: { "retry-after": "10" } });
  const down = aPlugin({ id: "prometheus", down: { reason: "BackOff", retryAfterSeconds: 7 } });
  const response = await startAggregator({ plugins: [down], services }).query("prometheus", "main", queryA);
  expect(response).toMatchObject({ status: 503, headers: { "retry-after": "7" } });
});

test.each([
  [503, GrpcCode.Unavailable],
  [504, GrpcCode.DeadlineExceeded],
  [501, GrpcCode.Unimplemented],
  [400, GrpcCode.InvalidArgument],
  [413, GrpcCode.ResourceExhausted],
  [502, GrpcCode.Unknown],
  [502, GrpcCode.Internal],
  // The request was not cancelled by its client, so the plugin broke.
  [502, GrpcCode.Canceled],
])("answers %i to a call that failed with gRPC code %i, without the plugin's words", async (status, code) => {
  const queryData = () => Promise.reject(new GrpcError(code, "dial tcp db.internal:5432, password hunter2"));
  const { query } = startAggregator({ plugins: [aPlugin({ id: "prometheus", calls: { queryData } })], services });
  const response = await query("prometheus", "main", queryA);
  expect(response.json).toMatchObject({ kind: "Status", code: status, message: expect.stringContaining("prometheus") as string });
  expect(response.text).not.toMatch(/hunter2|internal:5432/);
});

test("a client that goes away cancels the call", async () => {
  let cancelled = false;
  const leave = new AbortController();
  const plugin = aPlugin({
    id: "prometheus",
    calls: {
      queryData: (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => {
            cancelled = true;
            reject(new GrpcError(GrpcCode.Canceled, "cancelled"));
          });
          leave.abort();
        }),
    },
  });
  await startAggregator({ plugins: [plugin], services }).query("prometheus", "main", queryA, { signal: leave.signal });
  expect(cancelled).toBe(true);
});

test("what authenticated the caller never reaches the plugin; what the data source asks for does", async () => {
  const plugin = aPlugin({ id: "prometheus" });
  const jsonData = { allowedHeaders: ["X-Tenant", "Authorization"], keepCookies: ["keep[]"], oauthPassThru: true };
  const { query } = startAggregator({ plugins: [plugin], services, dataSources: [{ pluginId: "prometheus", uid: "main", jsonData }] });
  const headers = {
    authorization: "Basic YWRtaW46YWRtaW4=",
    cookie: "session=1; keep_a=2",
    "x-tenant": "t1",
    "x-grafana-user": "root",
    "x-grafana-org-id": "7",
    "x-panel-id": "4",
    "x-other": "no",
    traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
  };
  await query("prometheus", "main", queryA, { headers });
  expect(plugin.received[0]?.headers).toEqual({
    "http_X-Tenant": "t1",
    "http_X-Panel-Id": "4",
    Cookie: "keep_a=2",
    "http_X-Datasource-Uid": "main",
    "http_X-Grafana-Org-Id": "1",
  });
});

test("a plugin is told who asks only by configuration, and only by this server", async () => {
  const headers = { "x-grafana-user": "root" };
  for (const sendUserHeader of [false, true]) {
    const plugin = aPlugin({ id: "prometheus" });
    const { query } = startAggregator({ plugins: [plugin], services, sendUserHeader });
    await query("prometheus", "main", queryA, { headers });
    expect(plugin.received[0]?.headers["http_X-Grafana-User"]).toBe(sendUserHeader ? "admin" : undefined);
  }
});
