import { fileURLToPath } from "node:url";
import {
  DataFrameFormat,
  dataSourceContext,
  GrpcCode,
  HealthStatus,
  queryRequest,
  type RunningPlugin,
  StreamStatus,
  startPlugin,
} from "@dataplane/plugin-sdk/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

// The sources as the launcher's dist has them, so that the test needs no build before it.
const file = fileURLToPath(new URL("./main.ts", import.meta.url));
const nodeOptions = ["--conditions=source", "--import", import.meta.resolve("tsx")];
const pluginContext = dataSourceContext({ pluginId: "grafana-testdata-datasource", uid: "td" });
const range = { from: 1_700_000_000_000, to: 1_700_000_060_000, intervalMs: 10_000, format: DataFrameFormat.JSON };

let plugin: RunningPlugin;
beforeAll(async () => {
  plugin = await startPlugin({ file, nodeOptions, autoMtls: true });
});
afterAll(async () => {
  expect(await plugin.stop()).toBe(0);
});

interface JsonFrame {
  readonly schema: { readonly refId: string; readonly meta?: { readonly channel?: string }; readonly fields: readonly { readonly name: string }[] };
  readonly data: { readonly values: readonly (readonly unknown[])[] };
}

async function query(json: object, options = range) {
  const { responses } = await plugin.call("queryData", queryRequest(pluginContext, [{ refId: "A", ...json }], options));
  const answer = responses["A"];
  if (answer === undefined) throw new Error("no answer for A");
  const frames = answer.frames.map((frame): JsonFrame => JSON.parse(new TextDecoder().decode(frame)) as JsonFrame);
  return { ...answer, frames };
}

async function resource(method: string, path: string, url = path, body = "") {
  const pieces = [];
  const request = { pluginContext, method, path, url, headers: {}, body: new TextEncoder().encode(body) };
  for await (const piece of plugin.stream("callResource", request)) pieces.push(piece);
  return { code: pieces[0]?.code, headers: pieces[0]?.headers, text: pieces.map((piece) => new TextDecoder().decode(piece.body)).join("") };
}

test("a seeded random walk is the same each time", async () => {
  const first = await query({ scenarioId: "random_walk", seed: 7 });
  expect(first).toMatchObject({ error: "", status: 200, format: DataFrameFormat.JSON });
  expect(first.frames[0]?.schema).toMatchObject({ refId: "A", fields: [{ name: "time" }, { name: "A-series" }] });
  expect(first.frames[0]?.data.values[0]).toEqual([0, 1, 2, 3, 4, 5].map((step) => range.from + step * 10_000));
  expect(await query({ scenarioId: "random_walk", seed: 7 })).toEqual(first);
  expect((await query({ scenarioId: "random_walk", seed: 8 })).frames).not.toEqual(first.frames);
});

test("frames are Arrow files unless JSON is asked for", async () => {
  const { responses } = await plugin.call("queryData", queryRequest(pluginContext, [{ refId: "A" }], { ...range, format: DataFrameFormat.ARROW }));
  expect(responses["A"]?.format).toBe(DataFrameFormat.ARROW);
  expect(new TextDecoder().decode(responses["A"]?.frames[0]?.subarray(0, 6))).toBe("ARROW1");
});

test("one query that fails leaves the others alone", async () => {
  const queries = [
    { refId: "A", scenarioId: "server_error_500" },
    { refId: "B", scenarioId: "random_walk" },
    { refId: "C", scenarioId: "nothing-of-the-kind" },
  ];
  const { responses } = await plugin.call("queryData", queryRequest(pluginContext, queries, range));
  expect(responses["A"]).toMatchObject({ status: 500, errorSource: "plugin", error: "Test Data Panic!", frames: [] });
  expect(responses["B"]).toMatchObject({ status: 200, error: "" });
  expect(responses["C"]).toMatchObject({ status: 400, errorSource: "downstream" });
  const line: unknown = JSON.parse(plugin.log.find((text) => text.includes("Test Data Panic!")) ?? "{}");
  expect(line).toMatchObject({ "@level": "error", "@message": "query failed", "@module": "plugin", refId: "A" });
});

test("every scenario answers with its own defaults", async () => {
  const listed = JSON.parse((await resource("GET", "scenarios")).text) as { id: string }[];
  expect(listed.map(({ id }) => id)).toEqual(expect.arrayContaining(["random_walk", "csv_content", "logs", "slow_query", "streaming"]));
  const statuses = await Promise.all(
    listed.map(async ({ id }) => [id, (await query({ scenarioId: id, stringInput: id === "slow_query" ? "10ms" : "" })).status]),
  );
  expect(Object.fromEntries(statuses.filter(([, status]) => status !== 200))).toEqual({ server_error_500: 500, error_with_source: 500 });
});

test("CSV content gets typed columns, and a ragged row is the caller's fault", async () => {
  const { frames } = await query({ scenarioId: "csv_content", csvContent: 'name,n,ok,at\n"a, b",1,true,2024-01-01T00:00:00Z\nc,,false,' });
  expect(frames[0]?.data.values).toEqual([
    ["a, b", "c"],
    [1, null],
    [true, false],
    [1_704_067_200_000, null],
  ]);
  expect(await query({ scenarioId: "csv_content", csvContent: "a,b\n1" })).toMatchObject({ status: 400 });
});

test("a pulse depends on time alone", async () => {
  const pulse = { scenarioId: "predictable_pulse", pulseWave: { timeStep: 10, onCount: 1, offCount: 2, onValue: 5, offValue: 0 } };
  const values = (await query(pulse)).frames[0]?.data.values;
  const later = (await query(pulse, { ...range, from: range.from + 20_000 })).frames[0]?.data.values;
  expect(values?.[1]).toContain(5);
  expect(later?.[1]).toEqual(values?.[1]?.slice(2));
});

test("a slow query ends when its client leaves", async () => {
  const request = queryRequest(pluginContext, [{ refId: "A", scenarioId: "slow_query", stringInput: "60s" }], range);
  const started = performance.now();
  await expect(plugin.call("queryData", request, { signal: AbortSignal.timeout(100) })).rejects.toMatchObject({ code: GrpcCode.Canceled });
  expect(performance.now() - started).toBeLessThan(30_000);
});

test("a channel is subscribed to and runs until it is left", async () => {
  const { frames } = await query({ scenarioId: "streaming", stream: { speed: 20 } });
  expect(frames[0]?.schema.meta?.channel).toBe("ds/td/random-walk/20");
  const channel = { pluginContext, path: "random-walk/20", data: new Uint8Array(), headers: {} };
  expect(await plugin.call("subscribeStream", channel)).toMatchObject({ status: StreamStatus.OK });
  expect(await plugin.call("subscribeStream", { ...channel, path: "other" })).toMatchObject({ status: StreamStatus.NOT_FOUND });
  expect(await plugin.call("publishStream", channel)).toMatchObject({ status: StreamStatus.PERMISSION_DENIED });
  const rows: unknown[] = [];
  for await (const { data } of plugin.stream("runStream", channel)) {
    rows.push((JSON.parse(new TextDecoder().decode(data)) as JsonFrame).data.values[1]?.length);
    if (rows.length === 3) break;
  }
  expect(rows).toEqual([1, 1, 1]);
});

test("resources answer, echo and come in pieces", async () => {
  expect(await resource("GET", "test")).toMatchObject({ code: 200, text: "Hello world from test datasource!" });
  const echo = await resource("PUT", "/echo", "echo?a=1&a=2", "body");
  expect(JSON.parse(echo.text)).toMatchObject({
    method: "PUT",
    query: [
      { name: "a", value: "1" },
      { name: "a", value: "2" },
    ],
    body: "body",
  });
  expect((await resource("GET", "stream", "stream?count=3&interval=5")).text.trim().split("\n")).toHaveLength(3);
  expect(await resource("GET", "nowhere")).toMatchObject({ code: 404 });
  expect(await resource("DELETE", "scenarios")).toMatchObject({ code: 405, headers: { allow: { values: ["GET"] } } });
  expect(await resource("POST", "test/json", "test/json", "{")).toMatchObject({ code: 400 });
});

test("it is healthy and counts its calls", async () => {
  expect(await plugin.call("checkHealth", { pluginContext, headers: {} })).toMatchObject({
    status: HealthStatus.OK,
    message: "Data source is working",
  });
  const { metrics } = await plugin.call("collectMetrics", { pluginContext });
  const text = new TextDecoder().decode(metrics?.prometheus);
  expect(text).toMatch(/^plugin_requests_total\{endpoint="checkHealth",status="ok"\} \d+$/m);
  expect(text).toMatch(/^# TYPE process_cpu_seconds_total counter$/m);
});
