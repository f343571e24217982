import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type ContextOptions, HealthStatus, type RunningPlugin } from "@dataplane/plugin-sdk/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { askQuery, askResource, contextOf, startPrometheusPlugin } from "./testing/ask.js";
import { openMetrics, samplesEnd, samplesStart } from "./testing/samples.js";
import { prometheusInstalled, type RunningPrometheus, startPrometheus } from "./testing/start-prometheus.js";

let plugin: RunningPlugin;
const ask = (...parameters: Tail<Parameters<typeof askQuery>>) => askQuery(plugin, ...parameters);
const resource = (...parameters: Tail<Parameters<typeof askResource>>) => askResource(plugin, ...parameters);
type Tail<Parameters extends readonly unknown[]> = Parameters extends readonly [unknown, ...infer Rest] ? Rest : never;

beforeAll(async () => {
  plugin = await startPrometheusPlugin();
});
afterAll(async () => {
  expect(await plugin.stop()).toBe(0);
});

describe.skipIf(!prometheusInstalled)("against a real Prometheus (needs prometheus and promtool on the PATH)", () => {
  let prometheus: RunningPrometheus;
  let source: ContextOptions;
  beforeAll(async () => {
    prometheus = await startPrometheus(openMetrics());
    source = { url: prometheus.url };
  });
  afterAll(() => prometheus.stop());

  const golden: readonly (readonly [name: string, query: object])[] = [
    ["range", { expr: "up", range: true, intervalMs: 15_000 }],
    ["instant", { expr: "up", instant: true, intervalMs: 15_000 }],
    [
      "both",
      { expr: "sum(rate(requests_total[$__rate_interval])) by (code)", range: true, instant: true, legendFormat: "code {{code}}", interval: "1m" },
    ],
    ["auto-legend", { expr: "up", range: true, legendFormat: "__auto", interval: "5m" }],
    ["odd-numbers", { expr: "odd", range: true, interval: "1m30s" }],
    ["odd-numbers-all", { expr: "odd", range: true }],
    ["scalar", { expr: "scalar(sum(up))", instant: true }],
    ["string", { expr: '"text"', instant: true }],
    ["table", { expr: "up", instant: true, format: "table" }],
    ["heatmap", { expr: "latency_bucket", range: true, format: "heatmap", interval: "5m", legendFormat: "{{le}}" }],
    ["filtered", { expr: "up", range: true, interval: "5m", adhocFilters: [{ key: "instance", operator: "=", value: "b:9090" }], scopes: [] }],
    ["empty", { expr: "nothing_of_the_kind", range: true }],
  ];
  test.each(golden)("the answer to %s is the golden one", async (name, query) => {
    const { frames, error, status } = await ask(source, query);
    expect({ error, status }).toEqual({ error: "", status: 200 });
    const file = fileURLToPath(new URL(`./testing/${name}.golden.json`, import.meta.url));
    // By hand only: UPDATE_GOLDEN=1 writes what is to be reviewed.
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(file, `${JSON.stringify(frames, null, 1)}\n`);
    expect(frames).toEqual(JSON.parse(readFileSync(file, "utf8")));
  });

  test("numbers are those of Prometheus' own API", async () => {
    const expr = "rate(requests_total[1m])";
    const { frames } = await ask(source, { expr, range: true });
    const parameters = new URLSearchParams({ query: expr, start: String(samplesStart / 1000), end: String(samplesEnd / 1000), step: "15" });
    const { data } = (await prometheus.get(`/api/v1/query_range?${parameters.toString()}`)) as {
      data: { result: { metric: object; values: [number, string][] }[] };
    };
    expect(frames).toHaveLength(2);
    expect(
      frames.map(({ schema, data: { values } }) => ({
        metric: schema.fields[1]?.labels,
        values: values[0]?.map((time, at) => [Number(time) / 1000, Number(values[1]?.[at])]),
      })),
    ).toEqual(data.result.map(({ metric, values }) => ({ metric, values: values.map(([time, value]) => [time, Number(value)]) })));
  });

  test("GET and a path prefix in the settings make no difference", async () => {
    const post = await ask(source, { expr: "up", range: true });
    expect(await ask({ url: `${prometheus.url}/`, jsonData: { httpMethod: "GET" } }, { expr: "up", range: true })).toEqual(post);
  });

  test("a query that Prometheus refuses is the user's fault, with its words", async () => {
    const answer = await ask(source, { expr: "up{", range: true });
    expect(answer).toMatchObject({ status: 400, errorSource: "downstream", frames: [] });
    expect(answer.error).toContain("parse error");
  });

  test("exemplars without any are no failure", async () => {
    expect(await ask(source, { expr: "up", exemplar: true, range: true })).toMatchObject({ status: 200, error: "" });
  });

  test("it is healthy and tells the version", async () => {
    const health = await plugin.call("checkHealth", { pluginContext: contextOf(source), headers: {} });
    expect(health).toMatchObject({ status: HealthStatus.OK, message: "Successfully queried the Prometheus API." });
    expect(JSON.parse(new TextDecoder().decode(health.jsonDetails))).toMatchObject({ application: "Prometheus" });
  });

  test("resources are Prometheus' own", async () => {
    const window = `start=${samplesStart / 1000}&end=${samplesEnd / 1000}`;
    expect(await resource(source, "GET", `api/v1/labels?${window}`)).toMatchObject({
      code: 200,
      json: { data: ["__name__", "code", "instance", "job", "le", "path"] },
    });
    expect(await resource(source, "GET", `api/v1/label/instance/values?${window}`)).toMatchObject({ json: { data: ["a:9090", "b:9090"] } });
    expect(await resource(source, "GET", `api/v1/series?match[]=odd&${window}`)).toMatchObject({ json: { data: [{ __name__: "odd" }] } });
    expect(await resource(source, "GET", "api/v1/metadata")).toMatchObject({ code: 200, json: { status: "success" } });
    expect(await resource(source, "POST", "api/v1/series", `match[]=odd&${window}`, "application/x-www-form-urlencoded")).toMatchObject({
      json: { data: [{ __name__: "odd" }] },
    });
    expect(await resource(source, "GET", "api/v1/labels?match[]=up{")).toMatchObject({ code: 400 });
    expect(await resource(source, "POST", "api/v1/admin/tsdb/snapshot")).toMatchObject({ code: 404 });
  });

  test("suggestions obey queries and filters", async () => {
    const times = { start: String(samplesStart / 1000), end: String(samplesEnd / 1000) };
    const ofJob = await resource(
      source,
      "POST",
      "suggestions",
      JSON.stringify({ ...times, labelName: "code", queries: ["requests_total"], adhocFilters: [{ key: "path", operator: "=", value: "/" }] }),
    );
    expect(ofJob).toMatchObject({ code: 200, json: { data: ["500"] } });
    expect(await resource(source, "POST", "suggestions", JSON.stringify({ ...times, queries: ["odd"] }))).toMatchObject({
      json: { data: ["__name__"] },
    });
  });
});
