import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createMetrics, type Handler, type HttpRequest, type HttpResponse, type RequestInfo } from "@dataplane/meta";
import { expect, test } from "vitest";
import { countRequests } from "./count-requests.js";
import { metricsEndpoint, scraperLogin } from "./metrics-endpoint.js";
import { addProcessMetrics } from "./process-metrics.js";
import { requestLabels } from "./request-labels.js";

const labels = requestLabels({
  hasResource: (group, _version, resource) => group === "" && resource === "namespaces",
  hasRoutes: (group) => group === "p.grafana.app",
});

const info = (parts: Partial<RequestInfo>): RequestInfo => ({
  isResourceRequest: true,
  path: "",
  verb: "get",
  group: "",
  version: "v1",
  namespace: "",
  resource: "",
  name: "",
  subresource: "",
  segments: [],
  ...parts,
});

const aRequest = (method: string, path: string, parts: Partial<HttpRequest> = {}): HttpRequest => ({
  method,
  path,
  query: new URLSearchParams(),
  headers: {},
  body: (async function* () {})(),
  signal: new AbortController().signal,
  remoteAddress: "127.0.0.1",
  context: {},
  ...parts,
});

test("labels come from what is served, never from what a caller makes up", () => {
  const { group, version, resource, subresource, verb } = labels(info({ verb: "list", resource: "namespaces" }), "GET");
  expect([verb, group, version, resource, subresource]).toEqual(["LIST", "", "v1", "namespaces", ""]);
  expect(labels(info({ group: "made.up", resource: "x1" }), "GET")).toMatchObject({ group: "unknown", version: "", resource: "unknown" });
  const query = info({ verb: "create", group: "p.grafana.app", resource: "datasources", subresource: "query" });
  expect(labels(query, "POST")).toMatchObject({ verb: "POST", group: "p.grafana.app", resource: "datasources", subresource: "query" });
  expect(labels(info({ group: "p.grafana.app", resource: "x2", subresource: "y" }), "PUT")).toMatchObject({ resource: "route", subresource: "" });
  expect(labels(info({ resource: "namespaces", subresource: "x3" }), "GET")).toMatchObject({ subresource: "other" });
  expect(labels(undefined, "BREW")).toMatchObject({ verb: "other", group: "" });
});

test("requests are counted with their code, whatever became of them, and are in flight until their answer begins", async () => {
  const metrics = createMetrics();
  const count = countRequests(metrics, labels);
  let resolve = (_: HttpResponse): void => undefined;
  const answer = new Promise<HttpResponse>((it) => {
    resolve = it;
  });
  const first = count(aRequest("POST", "/x"), () => answer);
  expect(metrics.text()).toContain('apiserver_current_inflight_requests{request_kind="mutating"} 1');
  resolve({ status: 201, headers: {} });
  await first;
  await expect(count(aRequest("GET", "/x"), () => Promise.reject(new Error("bug")))).rejects.toThrow("bug");
  await count(aRequest("GET", "/w", { context: { info: info({ verb: "watch", resource: "namespaces" }) } }), () =>
    Promise.resolve({ status: 200, headers: {} }),
  );
  const text = metrics.text();
  expect(text).toContain('apiserver_current_inflight_requests{request_kind="mutating"} 0');
  expect(text).toContain('apiserver_request_total{verb="POST",group="",version="",resource="",subresource="",code="201"} 1');
  expect(text).toContain('apiserver_request_total{verb="GET",group="",version="",resource="",subresource="",code="500"} 1');
  expect(text).toContain('apiserver_request_total{verb="WATCH",group="",version="v1",resource="namespaces",subresource="",code="200"} 1');
  expect(text).not.toContain('apiserver_request_duration_seconds_count{verb="WATCH"');
});

const basic = (text: string): Readonly<Record<string, string>> => ({ authorization: `Basic ${Buffer.from(text).toString("base64")}` });
const next: Handler = () => Promise.resolve({ status: 401, headers: {} });

test("a scraper's credentials are good for /metrics alone, and nothing is while there are none", async () => {
  const metrics = createMetrics();
  const text = (): Promise<string> => Promise.resolve(metrics.text());
  const status = async (credentials: { user: string; password: string }, path: string, headers: HttpRequest["headers"], method = "GET") =>
    (await scraperLogin(text, credentials, next)(aRequest(method, path, { headers }))).status;
  const credentials = { user: "scraper", password: "s:c" };
  expect(await status(credentials, "/metrics", basic("scraper:s:c"))).toBe(200);
  expect(await status(credentials, "/metrics", basic("scraper:wrong"))).toBe(401);
  expect(await status(credentials, "/metrics", {})).toBe(401);
  expect(await status(credentials, "/metrics", basic("scraper:s:c"), "POST")).toBe(401);
  expect(await status(credentials, "/apis", basic("scraper:s:c"))).toBe(401);
  expect(await status({ user: "", password: "" }, "/metrics", basic(":"))).toBe(401);
  expect(await status({ user: "scraper", password: "" }, "/metrics", basic("scraper:"))).toBe(401);
});

/** Of Debian's package prometheus. */
const promtool = "/usr/bin/promtool";

test.skipIf(!existsSync(promtool))("promtool finds nothing to complain of", async () => {
  const metrics = createMetrics();
  addProcessMetrics(metrics, "1.2.3");
  await countRequests(metrics, labels)(aRequest("GET", "/x"), () => Promise.resolve({ status: 200, headers: {} }));
  const { body } = await metricsEndpoint(() => Promise.resolve(metrics.text()), next)(aRequest("GET", "/metrics"));
  const { status, stdout, stderr } = spawnSync(promtool, ["check", "metrics"], { input: typeof body === "string" ? body : "", encoding: "utf8" });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
});
