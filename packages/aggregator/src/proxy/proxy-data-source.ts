import { badRequest, type Clock, type Headers, type HttpRequest, type HttpResponse } from "@dataplane/meta";
import { answerHeaders } from "../outbound/answer-headers.js";
import { backendError } from "../outbound/backend-error.js";
import { exchange, type OutboundAnswer } from "../outbound/exchange.js";
import { logFailedBackend } from "../outbound/log-failed-backend.js";
import { defaultOutbound, type Outbound } from "../outbound/outbound.js";
import { requireProxiedMethod } from "../outbound/proxied-method.js";
import { streamedBody } from "../outbound/request-body.js";
import { headerOf } from "../request-body.js";
import { callerOf, type DataSourceKey } from "../service-types/run-queries.js";
import type { PluginCall } from "../service-types/service-type.js";
import { type DataSourceSettings, dataSourceSettings } from "./data-source-settings.js";
import { outgoingHeaders } from "./outgoing-headers.js";
import { proxiedSegments, proxyRoot, withPath } from "./proxied-path.js";
import { type DataSourceRoute, dataSourceRoutes, matchRoute } from "./proxy-route.js";
import { authorOf, type ProxyTarget, proxyTarget } from "./proxy-target.js";
import { isRedirect, locationWithin, type ProxiedPlace, proxiedLocation } from "./redirect.js";
import { requireRouteAccess } from "./route-access.js";
import { tokenGrant } from "./token-grants.js";
import { createTokenSource, type TokenSource } from "./token-source.js";
import { openTunnel, type PlainAnswer } from "./web-socket-tunnel.js";

/** What of a call the proxy needs. */
export type ProxyCall = Pick<
  PluginCall,
  "request" | "plugin" | "contexts" | "limits" | "authorizer" | "groupVersion" | "sendUserHeader" | "guard" | "outbound" | "clock" | "logger"
>;

/**
 * Sends the request to the data source itself, with its credentials: to its URL, or where the first route of plugin.json that matches
 * says. `path` is decoded, behind `proxy/`. Whether the caller may use the proxy was decided before; what the route asks for is decided
 * here. Throws ApiError.
 */
export async function proxyDataSource(call: ProxyCall, { namespace, uid, path }: DataSourceKey & { readonly path: string }): Promise<HttpResponse> {
  const { request, plugin, contexts, authorizer, groupVersion } = call;
  const user = callerOf(call);
  requireProxiedMethod(request);
  const segments = proxiedSegments(path);
  const context = await contexts.forDataSource({ pluginId: plugin.id, namespace, uid }, user, request.signal);
  const settings = dataSourceSettings(context);
  const matched = matchRoute(dataSourceRoutes(plugin.json.routes), request.method, segments);
  if (matched !== undefined) await requireRouteAccess(matched.route, { user, authorizer, pluginId: plugin.id, groupVersion, namespace, uid });
  const proxied: Proxied = {
    call,
    settings,
    route: matched?.route,
    rest: matched === undefined || matched.route.url === "" ? segments : matched.rest,
    userAgent: context.pluginContext.userAgent.split(" ", 1)[0] ?? "",
    rootUrl: context.pluginContext.grafanaConfig["GF_APP_URL"] ?? "",
  };
  const run = async (): Promise<HttpResponse> => {
    try {
      return await send(proxied);
    } catch (thrown) {
      const what = `data source ${JSON.stringify(uid)}`;
      const error = backendError(thrown, what, request.signal);
      logFailedBackend(call.logger, what, error);
      throw error;
    }
  };
  // A route's own server may be down while the data source, or its plugin, is not.
  const backend = `proxy ${matched?.route.url ?? ""}`;
  return call.guard === undefined ? run() : call.guard.run({ pluginId: plugin.id, namespace, uid, user: user.name, backend }, run);
}

interface Proxied {
  readonly call: ProxyCall;
  readonly settings: DataSourceSettings;
  readonly route: DataSourceRoute | undefined;
  /** What is appended to the target's URL. */
  readonly rest: readonly string[];
  /** `Grafana/<version>`. */
  readonly userAgent: string;
  /** `[server] root_url`. */
  readonly rootUrl: string;
}

async function send(proxied: Proxied): Promise<HttpResponse> {
  const { call, settings, route, rest } = proxied;
  const { request } = call;
  const outbound = call.outbound ?? defaultOutbound();
  const target = proxyTarget(settings, route);
  const { token, refused } = await tokenOf(proxied, tokensOf(outbound, call.clock));
  const url = urlOf(target, rest, request);
  const answer = await answerFrom(proxied, { outbound, target, url, headers: headersTo(target, token, proxied) });
  if ("upgraded" in answer) return answer.upgraded;
  if (answer.status === 401) refused();
  return relayed(answer, { url, base: target.base, root: proxyRoot(request, rest.length) });
}

interface RouteToken {
  readonly token: string | undefined;
  /** Tells that the backend does not take it. */
  readonly refused: () => void;
}

async function tokenOf({ call, settings, route }: Proxied, tokens: TokenSource): Promise<RouteToken> {
  try {
    const grant = route === undefined ? undefined : tokenGrant(route, settings);
    if (grant === undefined) return { token: undefined, refused: () => undefined };
    const token = await tokens.tokenFor(grant, authorOf(grant.url, settings));
    return { token, refused: () => tokens.refused(grant, token) };
  } catch (thrown) {
    throw backendError(thrown, `the token server of data source ${JSON.stringify(settings.uid)}`, call.request.signal);
  }
}

const sources = new WeakMap<Outbound, TokenSource>();

function tokensOf(outbound: Outbound, clock: Clock): TokenSource {
  const known = sources.get(outbound) ?? createTokenSource({ outbound, clock });
  sources.set(outbound, known);
  return known;
}

function headersTo(target: ProxyTarget, token: string | undefined, { call, settings, userAgent }: Proxied): Record<string, string | string[]> {
  const { request, sendUserHeader } = call;
  return outgoingHeaders({
    request,
    settings,
    added: [
      ...(token === undefined ? [] : [["authorization", `Bearer ${token}`] as const]),
      ...(target.body === undefined ? [] : [["content-type", "application/json"] as const]),
      ...target.headers,
    ],
    userAgent,
    login: sendUserHeader === true ? callerOf(call).name : undefined,
  });
}

/** Parameters of the target's own URL stay; the route's replace the caller's. `auth_token` authenticates here, and goes nowhere. */
function urlOf({ base, urlParams }: ProxyTarget, rest: readonly string[], request: HttpRequest): URL {
  const url = withPath(base, rest, request);
  for (const [name, value] of request.query) if (name !== "auth_token") url.searchParams.append(name, value);
  for (const [name, value] of urlParams) url.searchParams.set(name, value);
  url.hash = "";
  return url;
}

interface Sending {
  readonly outbound: Outbound;
  readonly target: ProxyTarget;
  readonly url: URL;
  readonly headers: Record<string, string | string[]>;
}

type Answer = PlainAnswer | OutboundAnswer;

async function answerFrom(
  { call, settings, rootUrl }: Proxied,
  { outbound, target, url, headers }: Sending,
): Promise<Answer | { readonly upgraded: HttpResponse }> {
  const { request, limits } = call;
  const route = { author: target.author, tls: settings.tls };
  const timeoutMs = settings.timeoutMs ?? limits.callTimeoutMs;
  if (request.upgrade === "websocket") {
    const answer = await openTunnel(request, { outbound, route, url, headers, timeoutMs, rootUrl });
    return "upgraded" in answer ? answer : answer.plain;
  }
  const body = target.body ?? (await streamedBody(request, limits.bodyBytes));
  const length = target.body === undefined && body !== undefined ? headerOf(request, "content-length") : undefined;
  const all = length === undefined ? headers : { ...headers, "content-length": length };
  return exchange(outbound, { url, route, method: request.method, headers: all, body, timeoutMs, signal: request.signal });
}

/** The data source's answer as ours. A 401 of it is no word about the caller's login here. */
function relayed({ status, headers, body, discard }: Answer, place: ProxiedPlace): HttpResponse {
  try {
    if (status === 401) throw badRequest("Authentication to data source failed");
    return { status, headers: { ...answerHeaders(headers), ...locationOf(status, headers, place) }, body };
  } catch (thrown) {
    discard();
    throw thrown;
  }
}

/** What was made lies behind this server too; what lies elsewhere is not told. */
function locationOf(status: number, headers: Headers, place: ProxiedPlace): { readonly location?: string } {
  const location = headerOf({ headers }, "location");
  if (isRedirect(status)) return { location: proxiedLocation(location, place) };
  const created = status === 201 ? locationWithin(location, place) : undefined;
  return created === undefined ? {} : { location: created };
}
