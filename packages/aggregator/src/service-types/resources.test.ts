import { Buffer } from "node:buffer";
import { unavailable } from "@dataplane/meta";
import { type CallOptions, type CallResourceRequest, type CallResourceResponse, GrpcCode, GrpcError } from "@dataplane/plugin-protocol";
import { expect, test } from "vitest";
import type { CallGuard, CallTarget } from "../call-guard.js";
import { aDataPlaneService, aPlugin, startAggregator } from "../testing/start-aggregator.js";

const services = [aDataPlaneService({ plugin: "prometheus", serves: ["query", { type: "route", path: "datasources/{uid}/resources/*" }] })];
const base = "/apis/prometheus.grafana.app/v0alpha1/namespaces/default/datasources/main/resources";

function answering(answers: readonly Partial<CallResourceResponse>[]) {
  const received: CallResourceRequest[] = [];
  async function* callResource(request: CallResourceRequest): AsyncIterable<CallResourceResponse> {
    received.push(request);
    for (const answer of answers) yield await Promise.resolve({ code: 200, headers: {}, body: new Uint8Array(), ...answer });
  }
  const { send } = startAggregator({ plugins: [aPlugin({ id: "prometheus", calls: { callResource } })], services });
  return { send, received };
}

test("a resource call keeps method, path, query, body and header lists", async () => {
  const { send, received } = answering([{ body: Buffer.from("ok") }]);
  const headers = {
    "content-type": "text/x",
    "x-a": "1",
    authorization: "Basic x",
    cookie: "a=b",
    connection: "x-hop",
    "x-hop": "1",
    "x-remote-user": "root",
  };
  const response = await send("PUT", `${base}/api/v1/labels%20x/?match[]=up&a=1%202`, { body: "hello", headers });
  expect(response).toMatchObject({ status: 200, text: "ok" });
  expect(received).toHaveLength(1);
  const [request] = received;
  expect(request).toMatchObject({ method: "PUT", path: "api/v1/labels x/", url: "api/v1/labels%20x/?match%5B%5D=up&a=1+2" });
  expect(Buffer.from(request?.body ?? []).toString()).toBe("hello");
  expect(request?.headers).toEqual({
    "Content-Type": { values: ["text/x"] },
    "X-A": { values: ["1"] },
    "X-Datasource-Uid": { values: ["main"] },
    "X-Grafana-Org-Id": { values: ["1"] },
  });
});

test("over a connection, headers are lists with their bytes, and the query is as it was sent", async () => {
  const { send, received } = answering([{}]);
  const bytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
  const rawHeaders = [
    ...["X-Many", "a, b", "x-many", "c", "X-Many", ""],
    ...["X-Name", bytes("Zoë ☃"), "X-Old", "Zo\u00eb"],
    ...["Authorization", "Basic x", "Cookie", "a=b", ":path", "/x", "X-Grafana-User", "root"],
  ];
  await send("GET", `${base}/x?a=%20;b&c=%zz&c=+${bytes("ü")}`, { rawHeaders });
  expect(received[0]?.headers).toEqual({
    "X-Many": { values: ["a, b", "c", ""] },
    "X-Name": { values: ["Zoë ☃"] },
    "X-Old": { values: ["Zoë"] },
    "X-Datasource-Uid": { values: ["main"] },
    "X-Grafana-Org-Id": { values: ["1"] },
  });
  expect(received[0]?.url).toBe("x?a=%20;b&c=%zz&c=+%C3%BC");
});

test("an answer's headers go on as bytes; HEAD and statuses without a body end the call", async () => {
  const headers = { "X-Name": { values: ["Zoë ☃"] }, "x-name": { values: ["two"] }, "X-Bad": { values: ["a\nb"] } };
  const { send } = answering([{ headers, body: Buffer.from("a") }, { body: Buffer.from("b") }]);
  const response = await send("GET", `${base}/x`);
  const [name = "", ...more] = response.headers["x-name"] ?? [];
  expect([Buffer.from(name, "latin1").toString("utf8"), ...more]).toEqual(["Zoë ☃", "two"]);
  expect(response.headers).not.toHaveProperty("x-bad");

  for (const [method, code] of [
    ["HEAD", 200],
    ["GET", 204],
    ["GET", 304],
  ] as const) {
    let ended = false;
    async function* callResource(): AsyncIterable<CallResourceResponse> {
      try {
        for (;;) yield await Promise.resolve({ code, headers: {}, body: Buffer.from("x") });
      } finally {
        ended = true;
      }
    }
    const api = startAggregator({ plugins: [aPlugin({ id: "prometheus", calls: { callResource } })], services });
    expect(await api.send(method, `${base}/x`)).toMatchObject({ status: code, text: "" });
    expect(ended).toBe(true);
  }
});

test("a body above the limit is 413, and the plugin is not called", async () => {
  const received: unknown[] = [];
  async function* callResource(request: CallResourceRequest): AsyncIterable<CallResourceResponse> {
    received.push(request);
    yield await Promise.resolve({ code: 200, headers: {}, body: new Uint8Array() });
  }
  const plugins = [aPlugin({ id: "prometheus", calls: { callResource } })];
  const { send } = startAggregator({ plugins, services, limits: { bodyBytes: 10 } });
  expect((await send("POST", `${base}/x`, { body: "0123456789" })).status).toBe(200);
  expect((await send("POST", `${base}/x`, { body: "0123456789a" })).json).toMatchObject({ code: 413 });
  expect(received).toHaveLength(1);
});

test("the first message has code and headers, all have parts of the body; cookies of a plugin are dropped", async () => {
  const headers = {
    "Content-Type": { values: ["text/plain"] },
    "Set-Cookie": { values: ["a=b"] },
    "X-Many": { values: ["1", "2"] },
    "Transfer-Encoding": { values: ["chunked"] },
  };
  const { send } = answering([
    { code: 418, headers, body: Buffer.from("a") },
    { code: 200, body: Buffer.from("b") },
  ]);
  const response = await send("GET", `${base}/x`);
  expect(response).toMatchObject({ status: 418, text: "ab" });
  expect(response.headers).toEqual({ "content-type": ["text/plain"], "x-many": ["1", "2"], "content-security-policy": "sandbox" });
});

test("a plugin that answers nothing is 502, one without resources 501", async () => {
  expect((await answering([]).send("GET", `${base}/x`)).json).toMatchObject({ code: 502, reason: "BadGateway" });
  const { send } = startAggregator({ plugins: [aPlugin({ id: "prometheus" })], services });
  expect((await send("GET", `${base}/x`)).status).toBe(501);
});

test("a plugin that does not begin to answer in time is 504, and its call is cancelled", async () => {
  let cancelled = false;
  async function* callResource(_: CallResourceRequest, { signal }: CallOptions): AsyncIterable<CallResourceResponse> {
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    cancelled = true;
    throw new GrpcError(GrpcCode.Canceled, "cancelled");
    yield { code: 200, headers: {}, body: new Uint8Array() };
  }
  const { send } = startAggregator({ plugins: [aPlugin({ id: "prometheus", calls: { callResource } })], services, limits: { callTimeoutMs: 10 } });
  expect((await send("GET", `${base}/x`)).json).toMatchObject({ code: 504, reason: "Timeout" });
  expect(cancelled).toBe(true);
});

test("an answer that has begun may go on longer than a call may take", async () => {
  async function* callResource(_: CallResourceRequest, { signal }: CallOptions): AsyncIterable<CallResourceResponse> {
    yield { code: 200, headers: {}, body: Buffer.from("a") };
    await new Promise((resolve) => setTimeout(resolve, 30));
    signal.throwIfAborted();
    yield { code: 200, headers: {}, body: Buffer.from("b") };
  }
  const { send } = startAggregator({ plugins: [aPlugin({ id: "prometheus", calls: { callResource } })], services, limits: { callTimeoutMs: 10 } });
  expect(await send("GET", `${base}/x`)).toMatchObject({ status: 200, text: "ab" });
});

test("pieces are passed on as they come, and a client that leaves ends the call", async () => {
  let ended = false;
  async function* callResource(): AsyncIterable<CallResourceResponse> {
    try {
      for (;;) yield await Promise.resolve({ code: 200, headers: {}, body: Buffer.from("x") });
    } finally {
      ended = true;
    }
  }
  const { callResource: answer } = await import("./resources.js");
  const plugin = aPlugin({ id: "prometheus", calls: { callResource } });
  const { knownDataSources } = await import("../testing/known-data-sources.js");
  const request = {
    method: "GET",
    path: "/x",
    query: new URLSearchParams(),
    headers: {},
    body: Object.assign([], { [Symbol.asyncIterator]: async function* () {} }),
    signal: new AbortController().signal,
    remoteAddress: "127.0.0.1",
    context: { user: { name: "a", groups: [] } },
  };
  const contexts = knownDataSources([{ pluginId: "prometheus", uid: "main" }]);
  const { body } = await answer(
    { request, plugin, contexts, limits: { bodyBytes: 10, callTimeoutMs: 10 } },
    { namespace: "default", uid: "main", path: "x" },
  );
  if (body === undefined || typeof body === "string" || !(Symbol.asyncIterator in body)) throw new Error("the body is no stream");
  for await (const piece of body) {
    expect(Buffer.from(piece).toString()).toBe("x");
    break;
  }
  expect(ended).toBe(true);
});

test("a guard decides over each call, of a data source and of an app, and sees it until it begins to answer", async () => {
  const { callAppResource, callResource } = await import("./resources.js");
  const { knownDataSources } = await import("../testing/known-data-sources.js");
  async function* answers(): AsyncIterable<CallResourceResponse> {
    yield await Promise.resolve({ code: 200, headers: {}, body: Buffer.from("x") });
  }
  const targets: CallTarget[] = [];
  const guard: CallGuard = {
    run: (target, begin) => {
      targets.push(target);
      return targets.length > 2 ? Promise.reject(unavailable("the breaker is open", 5)) : begin();
    },
  };
  const call = {
    request: {
      ...{ method: "GET", path: "/x", query: new URLSearchParams(), headers: {}, signal: new AbortController().signal, remoteAddress: "" },
      body: { [Symbol.asyncIterator]: async function* () {} },
      context: { user: { name: "ann", groups: [] } },
    },
    plugin: aPlugin({ id: "prometheus", calls: { callResource: answers } }),
    contexts: knownDataSources([{ pluginId: "prometheus", uid: "main" }]),
    limits: { bodyBytes: 10, callTimeoutMs: 1000 },
    guard,
  };
  const key = { namespace: "default", path: "x" };
  expect((await callResource(call, { ...key, uid: "main" })).status).toBe(200);
  expect((await callAppResource(call, key)).status).toBe(200);
  await expect(callAppResource(call, key)).rejects.toMatchObject({ code: 503 });
  const target = { pluginId: "prometheus", namespace: "default", user: "ann" };
  expect(targets).toEqual([
    { ...target, uid: "main" },
    { ...target, uid: "" },
    { ...target, uid: "" },
  ]);
});
