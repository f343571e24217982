import { Buffer } from "node:buffer";
import { type Authorizer, roleGroups } from "@dataplane/apiserver";
import { frameToArrow } from "@dataplane/frames";
import { notFound, silentLogger, systemClock, type UserInfo } from "@dataplane/meta";
import { DataFrameFormat, GrpcCode, GrpcError } from "@dataplane/plugin-protocol";
import { expect, test } from "vitest";
import { createGrafanaAggregator } from "../grafana-aggregator.js";
import { anAnswer, aPlugin, aPluginSource, type FakePluginOptions } from "../testing/a-plugin.js";
import { aRequest, call, type Sent } from "../testing/call.js";
import { knownDataSources } from "../testing/known-data-sources.js";

const path = "/apis/query.grafana.app/v0alpha1/namespaces/default/query";
const sources = [
  { pluginId: "prometheus", uid: "p1" },
  { pluginId: "prometheus", uid: "p2" },
  { pluginId: "loki", uid: "l1" },
  { pluginId: "loki", uid: "elsewhere", namespace: "org-2" },
];

function start(options: { readonly loki?: Partial<FakePluginOptions>; readonly limits?: object; readonly authorizer?: Authorizer } = {}) {
  const prometheus = aPlugin({ id: "prometheus" });
  const loki = aPlugin({ id: "loki", ...options.loki });
  const aggregator = createGrafanaAggregator({
    plugins: aPluginSource([prometheus, loki]),
    contexts: knownDataSources(sources),
    limits: { bodyBytes: 1e6, callTimeoutMs: 1000, ...options.limits },
    authorizer: options.authorizer ?? { authorize: () => ({ allowed: true, reason: "" }) },
    stored: { hasGroup: () => false, hasResource: () => false, hasSubresource: () => false, isRemote: () => false },
    delegate: () => Promise.reject(notFound("paths", "this")),
    clock: systemClock,
    logger: silentLogger,
  });
  aggregator.markSynced();
  const query = (queries: readonly object[], sent: Sent = {}) => call(aggregator.handler, "POST", path, { body: { queries }, ...sent });
  return { prometheus, loki, aggregator, query };
}

const a = { refId: "A", datasource: { uid: "p1", type: "prometheus" } };
const b = { refId: "B", datasource: { uid: "l1" } };
const c = { refId: "C", datasource: { uid: "p2", type: "prometheus" } };

test("queries are grouped by data source, and their results come in one map", async () => {
  const { query, prometheus, loki } = start();
  const response = await query([a, b, c, { ...a, refId: "D" }]);
  expect(response).toMatchObject({
    status: 200,
    json: { results: { A: { status: 200 }, B: { status: 200 }, C: { status: 200 }, D: { status: 200 } } },
  });
  expect(prometheus.received.map(({ queries }) => queries.map(({ refId }) => refId))).toEqual([["A", "D"], ["C"]]);
  expect(loki.received).toHaveLength(1);
});

test("what fails for one data source is an error of its own queries, and the answer is 200", async () => {
  const queryData = () => Promise.reject(new GrpcError(GrpcCode.Unavailable, "gone"));
  const { query } = start({ loki: { calls: { queryData } } });
  const response = await query([
    a,
    b,
    { refId: "N", datasource: { uid: "nowhere" } },
    { refId: "O", datasource: { uid: "elsewhere", type: "loki" } },
    { refId: "T", datasource: { uid: "x", type: "tempo" } },
  ]);
  expect(response).toMatchObject({
    status: 200,
    json: {
      results: {
        A: { status: 200 },
        B: { status: 503, errorSource: "plugin", error: expect.stringContaining("loki") as string },
        N: { status: 404 },
        O: { status: 404 },
        T: { status: 503, error: expect.stringContaining("tempo") as string },
      },
    },
  });
});

test("each data source is authorized in its plugin's own group, and one that is refused is not asked", async () => {
  const asked: string[] = [];
  const authorizer: Authorizer = {
    authorize: (_user, { verb, group, resource, subresource, namespace, name }) => {
      asked.push(`${verb} ${group} ${namespace} ${resource}/${name}/${subresource}`);
      return { allowed: name !== "l1", reason: "" };
    },
  };
  const user: UserInfo = { name: "eve", groups: [roleGroups.viewer] };
  const { query, loki } = start({ authorizer });
  const response = await query([a, b], { user });
  expect(response.json).toMatchObject({ results: { A: { status: 200 }, B: { status: 403, error: expect.stringContaining("eve") as string } } });
  expect(loki.received).toHaveLength(0);
  expect(asked.toSorted()).toEqual([
    "create loki.datasource.grafana.app default datasources/l1/query",
    "create prometheus.datasource.grafana.app default datasources/p1/query",
  ]);
});

test("a plugin cannot answer for another one's query", async () => {
  const queryData = () => Promise.resolve({ responses: { A: anAnswer({ error: "forged", status: 500 }), B: anAnswer(), X: anAnswer() } });
  const { query } = start({ loki: { calls: { queryData } } });
  const { json } = await query([a, b]);
  expect(json).toMatchObject({ results: { A: { status: 200 }, B: { status: 200 } } });
});

test("no more data sources are asked at once than the limit says", async () => {
  let now = 0;
  let most = 0;
  const authorizer: Authorizer = {
    authorize: async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setImmediate(resolve));
      now--;
      return { allowed: true, reason: "" };
    },
  };
  const many = Array.from({ length: 9 }, (_, index) => ({ refId: String(index), datasource: { uid: `u${index}`, type: "loki" } }));
  for (const concurrentQueries of [1, 3]) {
    most = 0;
    await start({ authorizer, limits: { concurrentQueries } }).query(many);
    expect(most).toBe(concurrentQueries);
  }
});

test.each([
  ["no data source", [{ refId: "A" }], /datasource.uid: required/],
  ["one data source under two types", [a, { ...a, refId: "B", datasource: { uid: "p1", type: "loki" } }], /several types/],
  ["a refId twice", [a, { ...c, refId: "A" }], /there twice/],
])("%s is 400 for all", async (_, queries, message) => {
  expect((await start().query(queries)).json).toMatchObject({ kind: "Status", code: 400, message: expect.stringMatching(message) as string });
});

test("the other forms hold the frames of all data sources", async () => {
  const frame = frameToArrow({ fields: [{ name: "n", type: "int8", nullable: false, values: [1] }] });
  const { query } = start({ loki: { answers: { B: { frames: [frame], format: DataFrameFormat.ARROW } } } });
  expect((await query([b], { headers: { accept: "text/csv" } })).text).toBe("n\r\n1\r\n");
  const both = await query([a, b], { headers: { accept: "text/csv" } });
  expect(both.text).toMatch(/X-Ref-Id: A\r\n[^]*X-Ref-Id: B\r\n/);
  const lines = await query([a, b, { refId: "N", datasource: { uid: "nowhere" } }], { headers: { accept: "text/jsonl" } });
  const parsed = lines.text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { refId: string });
  expect(parsed.toSorted((x, y) => (x.refId < y.refId ? -1 : 1))).toMatchObject([
    { refId: "A", frame: {} },
    { refId: "B", frame: { data: { values: [[1]] } } },
    { refId: "N", status: 404 },
  ]);
  expect((await query([a], { headers: { accept: "image/png" } })).status).toBe(406);
});

test("lines of several data sources come as they are there, and those of one that is refused are errors", async () => {
  let finish = (): void => undefined;
  const slow = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const chunk = {
    refId: "B",
    frameId: "0",
    frame: Buffer.from('{"data":{"values":[]}}'),
    error: "",
    errorSource: "",
    status: 200,
    format: DataFrameFormat.JSON,
  };
  const calls = {
    async *queryChunkedData() {
      yield chunk;
      await slow;
      yield chunk;
    },
  };
  const { aggregator } = start({ loki: { calls } });
  const { body } = await aggregator.handler(aRequest("POST", path, { body: { queries: [b, a] }, headers: { accept: "text/jsonl" } }));
  const refIds: string[] = [];
  for await (const line of body as AsyncIterable<Uint8Array>) {
    refIds.push((JSON.parse(Buffer.from(line).toString()) as { refId: string }).refId);
    if (refIds.length === 2) finish();
  }
  expect(refIds.slice(0, 2).toSorted()).toEqual(["A", "B"]);
  expect(refIds[2]).toBe("B");
});

test("the path is POST only, is in discovery and OpenAPI, and leaves others alone", async () => {
  const { aggregator } = start();
  expect(await call(aggregator.handler, "GET", path)).toMatchObject({ status: 405, headers: { allow: "POST" } });
  expect((await call(aggregator.handler, "POST", `${path}/more`, { body: Buffer.from("{}") })).status).toBe(404);
  expect((await call(aggregator.handler, "POST", path, { body: "{}", headers: { "content-type": "text/plain" } })).status).toBe(415);
  const [served] = aggregator.apiSource.served();
  expect(served).toMatchObject({
    group: "query.grafana.app",
    version: "v0alpha1",
    resources: [{ name: "query", verbs: ["create"], namespaced: true }, { name: "queries/run" }],
  });
  expect(Object.keys(served?.openapi.paths ?? {})).toContain("/apis/query.grafana.app/v0alpha1/namespaces/{namespace}/query");
});
