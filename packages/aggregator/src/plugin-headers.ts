import { isUtf8 } from "node:buffer";
import type { HttpRequest } from "@dataplane/meta";
import type { StringList } from "@dataplane/plugin-protocol";
import type { CallContext } from "./plugin-contexts.js";
import { headerOf } from "./request-body.js";

/** Headers by which Grafana's pages say where a query comes from. */
const tracked = ["X-Dashboard-Uid", "X-Panel-Id", "X-Panel-Plugin-Id", "X-Query-Group-Id", "X-Grafana-From-Expr", "X-Cache-Skip"].map((name) => ({
  name: name.toLowerCase(),
  sentAs: `http_${name}`,
}));

/** Never a plugin's business: of one connection only, or what could make a caller look like another. */
const hopByHop = new Set([
  ...["connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"],
  ...["host", "content-length", "expect", "http2-settings"],
]);
const hostsOwn = ["x-remote-", "x-grafana-", "http_", "impersonate-"];

/** The part of a call that headers are made of. */
interface HeaderSource {
  readonly request: HttpRequest;
  readonly sendUserHeader?: boolean;
}

/** gRPC metadata of each call. Plugins keep instances apart by tenant, so two namespaces never share one with its secrets. */
export function callMetadata(request: HttpRequest, namespace: string): Readonly<Record<string, string>> {
  const trace = headerOf(request, "traceparent");
  const sound = trace !== undefined && /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/.test(trace);
  return { tenantid: namespace, ...(sound ? { traceparent: trace } : {}) };
}

/**
 * The `headers` map of QueryData, CheckHealth and stream calls: Authorization, X-Id-Token and Cookie by name, others as `http_<Name>`.
 * Only what the data source asks for goes on (`oauthPassThru`, `keepCookies`, `allowedHeaders` of its JSON data), and nothing that
 * authenticated the caller here.
 */
export function callHeaders(call: HeaderSource, context: CallContext): Readonly<Record<string, string>> {
  const { request } = call;
  // Each name has a prefix or is written here, so none means something to an object.
  const headers: Record<string, string> = {};
  const forward = (name: string, sentAs: string): void => {
    const value = forwardable(request, name);
    if (value !== undefined) headers[sentAs] = value;
  };
  for (const name of allowedHeaders(context.jsonData)) forward(name.toLowerCase(), `http_${canonical(name)}`);
  for (const { name, sentAs } of tracked) forward(name, sentAs);
  forward("fromalert", "FromAlert");
  if (context.jsonData["oauthPassThru"] === true) {
    forward("authorization", "Authorization");
    forward("x-id-token", "X-Id-Token");
  }
  const cookie = keptCookies(request, context.jsonData);
  if (cookie !== "") headers["Cookie"] = cookie;
  for (const [name, value] of hostHeaders(call, context)) headers[`http_${name}`] = value;
  return headers;
}

/** The header lists of CallResource: all that came, without hop-by-hop headers, credentials and names that are the host's. */
export function resourceHeaders(call: HeaderSource, context: CallContext): Readonly<Record<string, StringList>> {
  const { request } = call;
  const headers = new Map<string, StringList>();
  const named = connectionsOwn(request);
  for (const [name, value] of sentHeaders(request)) {
    if (name.startsWith(":") || name === "cookie" || named.has(name) || !mayForward(request, name)) continue;
    const key = canonical(name);
    headers.set(key, { values: [...(headers.get(key)?.values ?? []), value] });
  }
  const cookie = keptCookies(request, context.jsonData);
  if (cookie !== "") headers.set("Cookie", { values: [cookie] });
  for (const [name, value] of hostHeaders(call, context)) headers.set(name, { values: [value] });
  return Object.fromEntries(headers);
}

/** Each header as often as it was sent, names in lower case. */
function* sentHeaders({ headers, rawHeaders }: HttpRequest): Iterable<readonly [string, string]> {
  if (rawHeaders === undefined) {
    for (const [name, value] of Object.entries(headers)) {
      for (const one of value === undefined || typeof value === "string" ? [value] : value) if (one !== undefined) yield [name, one];
    }
    return;
  }
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) yield [(rawHeaders[at] ?? "").toLowerCase(), sentText(rawHeaders[at + 1] ?? "")];
}

/**
 * Node reads a header's bytes as Latin-1, and gRPC carries text as UTF-8: bytes that are UTF-8 reach the plugin as they were sent, others
 * as the Latin-1 that they must be.
 */
function sentText(value: string): string {
  if (/^[\t\x20-\x7e]*$/.test(value)) return value;
  const bytes = Buffer.from(value, "latin1");
  return isUtf8(bytes) ? bytes.toString("utf8") : value;
}

/** What this server says of the call; a caller cannot. */
function hostHeaders(
  { sendUserHeader }: HeaderSource,
  { pluginContext: { orgId, user, dataSourceInstanceSettings } }: CallContext,
): readonly (readonly [string, string])[] {
  const login = sendUserHeader === true && user !== undefined ? [["X-Grafana-User", user.login] as const] : [];
  const uid = dataSourceInstanceSettings === undefined ? [] : [["X-Datasource-Uid", dataSourceInstanceSettings.uid] as const];
  return [...uid, ["X-Grafana-Org-Id", String(orgId)], ...login];
}

/** `X-Panel-Id` for `x-panel-id`, as Go's net/http writes names. */
const canonical = (name: string): string =>
  name
    .toLowerCase()
    .split("-")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("-");

/** Whether a header of the caller may leave this process: not what authenticated it here, nor what only this server says. */
export function mayForward(request: HttpRequest, name: string): boolean {
  if (hopByHop.has(name) || request.context.credentialHeaders?.includes(name) === true) return false;
  // Many servers (CGI, WSGI) take `_` for `-`: for them X_Remote_User is X-Remote-User.
  const dashed = name.replaceAll("_", "-");
  return name === "x-grafana-from-expr" || !hostsOwn.some((prefix) => name.startsWith(prefix) || dashed.startsWith(prefix));
}

/** What `Connection` names is for the next hop alone (RFC 9110, 7.6.1). */
const connectionsOwn = (request: HttpRequest): ReadonlySet<string> =>
  new Set((headerOf(request, "connection") ?? "").split(",").map((name) => name.trim().toLowerCase()));

/** Values cleaned to what gRPC may carry, several joined. */
function forwardable(request: HttpRequest, name: string): string | undefined {
  const value = request.headers[name];
  if (value === undefined || !mayForward(request, name) || connectionsOwn(request).has(name)) return undefined;
  return (typeof value === "string" ? value : value.join(", ")).replace(/[^\x20-\x7e]/g, "");
}

const none: readonly string[] = [];

function allowedHeaders(jsonData: CallContext["jsonData"]): readonly string[] {
  const names = jsonData["allowedHeaders"];
  if (!Array.isArray(names)) return none;
  const taken = new Set(["authorization", "cookie", "x-id-token", "x-datasource-uid"]);
  return names.filter((name): name is string => typeof name === "string" && !taken.has(name.toLowerCase()));
}

/** `keepCookies` holds names, prefixes written `name[]`, or `[]` for all. */
export function keptCookies(request: HttpRequest, jsonData: CallContext["jsonData"]): string {
  const names: unknown = jsonData["keepCookies"];
  if (!Array.isArray(names) || !mayForward(request, "cookie")) return "";
  const kept = names.filter((name): name is string => typeof name === "string");
  const cookies = (headerOf(request, "cookie") ?? "").split(";").map((cookie) => cookie.trim());
  return cookies.filter((cookie) => cookie !== "" && kept.some((name) => keeps(name, cookie.split("=", 1)[0] ?? ""))).join("; ");
}

const keeps = (rule: string, name: string): boolean => (rule.endsWith("[]") ? name.startsWith(rule.slice(0, -2)) : rule === name);
