import type { HttpRequest, RequestInfo } from "@dataplane/meta";
import { expect, test } from "vitest";
import { isServedHere } from "./served-here.js";

const request = (method: string, path: string, upgrade?: HttpRequest["upgrade"]): HttpRequest => ({
  ...{ method, path, query: new URLSearchParams(), headers: {}, remoteAddress: "", context: {}, signal: new AbortController().signal },
  body: (async function* () {})(),
  ...(upgrade === undefined ? {} : { upgrade }),
});

/** Everything below a data source is routed, to a plugin that is called by its group. */
const routed = (attached: readonly string[]) => ({
  aggregator: {
    pluginOf: (_method: string, info: RequestInfo) => (info.segments.length > 4 || info.segments[0] === "convert" ? info.group : undefined),
  },
  plugins: { isAttached: (id: string) => attached.includes(id), areAttached: attached.length > 0 },
});
const known = "/apis/known/v1/namespaces/default/datasources/a";

test.each([
  ["POST", `${known}/query`, true],
  ["GET", `${known}/resources/a/b`, true],
  ["GET", `${known}/proxy/a`, true],
  ["POST", "/apis/elsewhere/v1/namespaces/default/datasources/a/query", false],
  ["GET", known, false],
  ["GET", `${known}/stream/a`, false],
  ["GET", "/apis/known/v1/namespaces/default/stream/a/b", false],
  ["POST", "/apis/known/v1/convert", false],
  ["GET", "/apis/known/v1/namespaces/default/datasources/a//query", false],
  ["POST", "/api/ds/query", true],
  ["GET", "/api/datasources/uid/a/health", true],
  ["GET", "/api/datasources/uid/a/resources/x", true],
  ["GET", "/api/datasources/proxy/uid/a/x", true],
  ["GET", "/api/datasources", false],
  ["GET", "/api/health", false],
  ["GET", "/api/v1/namespaces", false],
  ["GET", "/api/live/ws", false],
  ["GET", "/metrics", false],
  ["GET", "/readyz", false],
])("%s %s: served by a worker is %s", (method, path, expected) => {
  expect(isServedHere(request(method, path), routed(["known"]))).toBe(expected);
});

test("what leaves HTTP, and what a plugin that cannot be called would answer, is the control process'", () => {
  expect(isServedHere(request("GET", `${known}/proxy/a`, "websocket"), routed(["known"]))).toBe(false);
  expect(isServedHere(request("POST", `${known}/query`), routed([]))).toBe(false);
  expect(isServedHere(request("POST", "/api/ds/query"), routed([]))).toBe(false);
});
