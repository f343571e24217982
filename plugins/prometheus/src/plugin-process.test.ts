import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { fileURLToPath } from "node:url";
import {
  type ContextOptions,
  createTestCertificate,
  DataFrameFormat,
  dataSourceContext,
  GrpcCode,
  HealthStatus,
  queryRequest,
  type RunningPlugin,
  startPlugin,
} from "@dataplane/plugin-sdk/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openMetrics, samplesEnd, samplesStart } from "./testing/samples.js";
import { freePort, prometheusInstalled, type RunningPrometheus, startPrometheus } from "./testing/start-prometheus.js";

let plugin: RunningPlugin;
beforeAll(async () => {
  // The sources as the launcher's dist has them, so that the test needs no build before it.
  const file = fileURLToPath(new URL("./main.ts", import.meta.url));
  plugin = await startPlugin({ file, nodeOptions: ["--conditions=source", "--import", import.meta.resolve("tsx")], autoMtls: true });
});
afterAll(async () => {
  expect(await plugin.stop()).toBe(0);
});

const range = { from: samplesStart, to: samplesEnd, intervalMs: 15_000, maxDataPoints: 1000, format: DataFrameFormat.JSON };
// Other settings are another data source: with the same uid and update time the plugin would rightly keep its instance.
const contextOf = (options: ContextOptions) => dataSourceContext({ pluginId: "prometheus", uid: JSON.stringify(options), ...options });

interface JsonFrame {
  readonly schema: {
    readonly name?: string;
    readonly meta?: object;
    readonly fields: readonly { readonly name: string; readonly labels?: object; readonly config?: { readonly displayNameFromDS?: string } }[];
  };
  readonly data: { readonly values: readonly (readonly unknown[])[] };
}

async function ask(options: ContextOptions, query: object, times: Partial<Parameters<typeof queryRequest>[2]> = {}) {
  const { responses } = await plugin.call("queryData", queryRequest(contextOf(options), [{ refId: "A", ...query }], { ...range, ...times }));
  const answer = responses["A"];
  if (answer === undefined) throw new Error("no answer for A");
  return { ...answer, frames: answer.frames.map((frame): JsonFrame => JSON.parse(new TextDecoder().decode(frame)) as JsonFrame) };
}

async function resource(
  options: ContextOptions,
  method: string,
  url: string,
  body = "",
  headers: Readonly<Record<string, { values: string[] }>> = {},
) {
  const request = { pluginContext: contextOf(options), method, path: url.split("?")[0] ?? "", url, headers, body: new TextEncoder().encode(body) };
  const pieces = [];
  for await (const piece of plugin.stream("callResource", request)) pieces.push(piece);
  const text = pieces.map((piece) => new TextDecoder().decode(piece.body)).join("");
  return { code: pieces[0]?.code, json: text.startsWith("{") ? (JSON.parse(text) as { readonly data?: unknown; readonly message?: string }) : text };
}

describe.skipIf(!prometheusInstalled)("against a real Prometheus (needs prometheus and promtool on the PATH)", () => {
  let prometheus: RunningPrometheus;
  let source: ContextOptions;
  beforeAll(async () => {
    prometheus = await startPrometheus(openMetrics());
    source = { url: prometheus.url };
  }, 30_000);
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
    const form = { "Content-Type": { values: ["application/x-www-form-urlencoded"] } };
    expect(await resource(source, "POST", "api/v1/series", `match[]=odd&${window}`, form)).toMatchObject({ json: { data: [{ __name__: "odd" }] } });
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

test("a Prometheus that nobody runs is a 502 of the data source, without its address", async () => {
  const port = await freePort();
  const answer = await ask({ url: `http://127.0.0.1:${port}` }, { expr: "up", range: true });
  expect(answer).toMatchObject({ status: 502, errorSource: "downstream", frames: [], error: "Prometheus cannot be reached (ECONNREFUSED)" });
  const health = await plugin.call("checkHealth", { pluginContext: contextOf({ url: `http://127.0.0.1:${port}` }), headers: {} });
  expect(health).toMatchObject({ status: HealthStatus.ERROR });
  expect(await resource({ url: `http://127.0.0.1:${port}` }, "GET", "api/v1/labels")).toMatchObject({ code: 502 });
});

test("settings that cannot work are told by every call", async () => {
  expect(await ask({ url: "" }, { expr: "up" })).toMatchObject({ status: 400, error: "the data source has no URL" });
  expect(await ask({ url: "ftp://x", uid: "ftp" }, { expr: "up" })).toMatchObject({ status: 400 });
  expect(await plugin.call("checkHealth", { pluginContext: contextOf({ url: "" }), headers: {} })).toMatchObject({
    status: HealthStatus.ERROR,
    message: "the data source has no URL",
  });
});

test("TLS is checked by the settings' authority, both ways, unless told not to", async () => {
  const [server, client] = [createTestCertificate(), createTestCertificate()];
  const answer = { status: "success", data: { resultType: "vector", result: [] } };
  const https = createSecureServer(
    { key: server.key, cert: server.cert, ca: client.cert, requestCert: true, rejectUnauthorized: true },
    (_request, response) => response.end(JSON.stringify(answer)),
  );
  const port = await freePort();
  await new Promise<void>((resolve) => https.listen(port, "127.0.0.1", resolve));
  const url = `https://127.0.0.1:${port}`;
  const own = { tlsClientCert: client.cert, tlsClientKey: client.key };
  const full = { url, jsonData: { tlsAuth: true, tlsAuthWithCACert: true, serverName: "localhost" }, secure: { ...own, tlsCACert: server.cert } };
  const instant = { expr: "up", instant: true };
  try {
    expect(await ask(full, instant)).toMatchObject({ status: 200, error: "" });
    expect(await ask({ url, jsonData: { tlsAuth: true, tlsSkipVerify: true }, secure: own }, instant)).toMatchObject({ status: 200 });
    expect(await ask({ url, jsonData: { tlsAuth: true }, secure: own }, instant)).toMatchObject({ status: 502, errorSource: "downstream" });
    expect(await ask({ url, jsonData: { tlsSkipVerify: true } }, instant)).toMatchObject({ status: 502 });
    expect(await ask({ url, jsonData: { tlsAuth: true } }, instant)).toMatchObject({
      status: 400,
      error: "tlsAuth needs tlsClientCert and tlsClientKey",
    });
  } finally {
    https.closeAllConnections();
    https.close();
  }
});

test("a query ends with its timeout, and its request to Prometheus with its client", async () => {
  const ended: string[] = [];
  const silent = createServer((request) => request.on("close", () => ended.push(request.url ?? "")));
  const port = await freePort();
  await new Promise<void>((resolve) => silent.listen(port, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${port}`;
  try {
    expect(await ask({ url, jsonData: { timeout: 0.1 } }, { expr: "up" })).toMatchObject({
      status: 504,
      errorSource: "downstream",
      error: "Prometheus did not answer within 0.1 s",
    });
    const request = queryRequest(contextOf({ url }), [{ refId: "A", expr: "up", instant: true }], range);
    await expect(plugin.call("queryData", request, { signal: AbortSignal.timeout(200) })).rejects.toMatchObject({ code: GrpcCode.Canceled });
    await expect.poll(() => ended).toEqual(["/api/v1/query_range", "/api/v1/query"]);
  } finally {
    silent.closeAllConnections();
    silent.close();
  }
});

test("GET is used where POST is refused, and the user's login goes on only if the data source says so", async () => {
  const seen: string[] = [];
  const old = createServer((request, response) => {
    const { authorization = "-", cookie = "-" } = request.headers;
    seen.push([request.method, request.url?.split("?")[0], authorization, cookie].join(" "));
    response.writeHead(request.method === "GET" ? 200 : 405).end('{"status":"success","data":{"resultType":"vector","result":[]}}');
  });
  const port = await freePort();
  await new Promise<void>((resolve) => old.listen(port, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${port}`;
  const headers = { Authorization: "Bearer user", Cookie: "a=b" };
  try {
    const instant = { expr: "up", instant: true };
    expect(await ask({ url }, instant, { headers })).toMatchObject({ status: 200 });
    await ask({ url, jsonData: { oauthPassThru: true, httpMethod: "GET" } }, instant, { headers });
  } finally {
    old.closeAllConnections();
    old.close();
  }
  expect(seen).toEqual(["POST /api/v1/query - a=b", "GET /api/v1/query - a=b", "GET /api/v1/query Bearer user a=b"]);
});

test("wrong keys of a query are named", async () => {
  const source = { url: "http://127.0.0.1:9", uid: "keys" };
  expect(await ask(source, { expr: " " })).toMatchObject({ status: 400, error: "expr is empty" });
  expect(await ask(source, { expr: "up", interval: "soon" })).toMatchObject({
    status: 400,
    error: 'interval: "soon" is not a duration such as 15s or 1m30s',
  });
  expect(await ask(source, { expr: "up", range: "yes" })).toMatchObject({ status: 400, error: "range must be true or false" });
  expect(await ask(source, { expr: "up", adhocFilters: [{ key: "a", operator: "<", value: "1" }] })).toMatchObject({ status: 400 });
});

test("login, headers, parameters, warnings and failures go both ways", async () => {
  const seen: { url: string; authorization: string | undefined; tenant: unknown }[] = [];
  let answer: { status: number; body: object | string } = {
    status: 200,
    body: { status: "success", warnings: ["half is missing"], data: { resultType: "vector", result: [] } },
  };
  const server = createServer((request, response) => {
    seen.push({ url: request.url ?? "", authorization: request.headers.authorization, tenant: request.headers["x-scope-orgid"] });
    response.writeHead(answer.status).end(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body));
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const source = {
    url: `http://127.0.0.1:${port}/prefix/`,
    uid: "scripted",
    basicAuthUser: "me",
    jsonData: { customQueryParameters: "max_source_resolution=5m&x=1", httpHeaderName1: "X-Scope-OrgID" },
    secure: { basicAuthPassword: "secret", httpHeaderValue1: "tenant" },
  };
  try {
    const warned = await ask(source, { expr: "up", instant: true });
    expect(warned.frames[0]?.schema.meta).toMatchObject({ notices: [{ severity: "warning", text: "half is missing" }] });
    expect(seen[0]).toEqual({
      url: "/prefix/api/v1/query?max_source_resolution=5m&x=1",
      authorization: `Basic ${btoa("me:secret")}`,
      tenant: "tenant",
    });
    answer = { status: 503, body: { status: "error", errorType: "unavailable", error: "starting" } };
    expect(await ask(source, { expr: "up" })).toMatchObject({ status: 502, errorSource: "downstream", error: "unavailable: starting" });
    answer = { status: 200, body: "<html>" };
    expect(await ask(source, { expr: "up" })).toMatchObject({ status: 502, error: "the answer is not Prometheus' (HTTP 200)" });
    answer = { status: 200, body: "x".repeat(5000) };
    expect(await ask({ ...source, config: { GF_RESPONSE_LIMIT: "1000" } }, { expr: "up" })).toMatchObject({
      status: 502,
      error: "the answer is larger than the limit of 1000 bytes",
    });
    answer = { status: 401, body: "no" };
    expect(await ask(source, { expr: "up" })).toMatchObject({ status: 400 });
  } finally {
    server.closeAllConnections();
    server.close();
  }
  expect(plugin.log.join("\n")).not.toContain("secret");
});
