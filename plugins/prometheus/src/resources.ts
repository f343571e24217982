import {
  BadRequestError,
  type Call,
  isJsonObject,
  jsonResponse,
  type ResourceHandler,
  type ResourceRequest,
  resourceRouter,
  route,
} from "@dataplane/plugin-sdk";
import { filtersOf } from "./filters.js";
import type { HttpClient } from "./http-client.js";
import { type ApiCall, PrometheusApi } from "./prometheus-api.js";
import { injectMatchers } from "./promql-matchers.js";

/** Endpoints of Prometheus that only read, passed on as they are, and `suggestions`. Nothing of its admin API. */
export function prometheusResources(http: HttpClient, headersOf: (call: Call) => Readonly<Record<string, string>>): ResourceHandler {
  const pass = (request: ResourceRequest, call: Call) => passOn({ http, request, headers: headersOf(call), signal: call.signal });
  const reading = ["metadata", "status/buildinfo", "rules", "alerts", "label/{name}/values"].map((path) => route("GET", `/api/v1/${path}`, pass));
  const asking = ["labels", "series", "query", "query_range", "query_exemplars", "format_query", "parse_query"].map((path) =>
    route("GET|POST", `/api/v1/${path}`, pass),
  );
  const suggest = route("POST", "/suggestions", (request, call) =>
    suggestions(new PrometheusApi(http, "GET"), request, { signal: call.signal, headers: headersOf(call) }),
  );
  return resourceRouter([...reading, ...asking, suggest]);
}

async function passOn(options: {
  readonly http: HttpClient;
  readonly request: ResourceRequest;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}) {
  const { http, request, headers, signal } = options;
  const contentType = request.headers.get("content-type")?.[0];
  const answer = await http.send({
    method: request.method,
    path: request.path,
    query: request.query,
    headers: { ...headers, ...(contentType === undefined ? {} : { "content-type": contentType }) },
    ...(request.body.length > 0 ? { body: request.body } : {}),
    signal,
  });
  return { status: answer.status, headers: { "content-type": answer.contentType }, body: answer.body };
}

/** Label names, or values of `labelName`, of the series that the given queries, scopes and filters leave. */
async function suggestions(api: PrometheusApi, request: ResourceRequest, call: ApiCall) {
  const body = request.json();
  if (!isJsonObject(body)) throw new BadRequestError("the body must be a JSON object");
  const { labelName, queries = [], start, end, limit } = body;
  if (labelName !== undefined && typeof labelName !== "string") throw new BadRequestError("labelName must be a string");
  if (!Array.isArray(queries)) throw new BadRequestError("queries must be a list of selectors");
  const query = new URLSearchParams();
  for (const selector of selectorsOf(queries, body)) query.append("match[]", selector);
  for (const [name, value] of Object.entries({ start, end, limit })) {
    if (typeof value === "string" || typeof value === "number") query.set(name, String(value));
  }
  const endpoint = labelName === undefined || labelName === "" ? "labels" : `label/${encodeURIComponent(labelName)}/values`;
  const { data } = await api.get(endpoint, query, call);
  return jsonResponse({ status: "success", data });
}

function selectorsOf(queries: readonly unknown[], body: Parameters<typeof filtersOf>[0]): readonly string[] {
  const matchers = filtersOf(body);
  const selectors = queries.filter((query): query is string => typeof query === "string" && query !== "");
  if (selectors.length > 0) return selectors.map((selector) => injectMatchers(selector, matchers));
  return matchers.length === 0 ? [] : [injectMatchers("{}", matchers)];
}
