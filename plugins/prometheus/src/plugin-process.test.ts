import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { createTestCertificate, GrpcCode, HealthStatus, queryRequest, type RunningPlugin } from "@dataplane/plugin-sdk/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { askQuery, askResource, contextOf, range, startPrometheusPlugin } from "./testing/ask.js";
import { freePort } from "./testing/start-prometheus.js";

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

test("who asks for chunks gets a frame a chunk, the same frames, with NaN and the infinities", async () => {
  const series = ["NaN", "+Inf", "1.5"].map((value, at) => ({ metric: { __name__: "up", job: String(at) }, value: [1_700_000_000, value] }));
  const server = createServer((_request, response) =>
    response.end(JSON.stringify({ status: "success", data: { resultType: "vector", result: series } })),
  );
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  try {
    const context = contextOf({ url: `http://127.0.0.1:${port}` });
    const queries = [
      { refId: "A", expr: "up", instant: true },
      { refId: "B", expr: "" },
    ];
    const request = queryRequest(context, queries, range);
    const { responses } = await plugin.call("queryData", request);
    const chunks = [];
    for await (const chunk of plugin.stream("queryChunkedData", request)) chunks.push(chunk);
    const ofA = chunks.filter(({ refId }) => refId === "A");
    expect(ofA.map(({ frame }) => new TextDecoder().decode(frame))).toEqual(responses["A"]?.frames.map((frame) => new TextDecoder().decode(frame)));
    expect(ofA.map(({ frameId }) => frameId)).toEqual(["f0", "f1", "f2"]);
    expect(ofA.map(({ frame }) => new TextDecoder().decode(frame)).join()).toContain('"NaN":[0]');
    expect(chunks.find(({ refId }) => refId === "B")).toMatchObject({ status: 400, error: responses["B"]?.error });
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
