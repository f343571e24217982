import { isJsonObject, type JsonArray, type JsonObject, type JsonValue } from "@dataplane/meta";
import type { ProxyRoute } from "@dataplane/plugin-host";

/** A header or URL parameter that a route adds; `content` is a template. */
export interface RouteValue {
  readonly name: string;
  readonly content: string;
}

/** How a route gets a token for its requests. Values are templates. */
export interface RouteTokenAuth {
  readonly url: string;
  readonly scopes: readonly string[];
  readonly params: Readonly<Record<string, string>>;
}

/** One of plugin.json's `routes` (https://grafana.com/developers/plugin-tools/reference/plugin-json#routes). */
export interface DataSourceRoute {
  /** Decoded segments; the empty list is every path. */
  readonly segments: readonly string[];
  /** Upper case; undefined for all. */
  readonly methods: readonly string[] | undefined;
  /** Empty: the data source's own. */
  readonly url: string;
  readonly requiresSignIn: boolean;
  readonly requiredRole: string;
  readonly requiredAction: string;
  readonly headers: readonly RouteValue[];
  readonly urlParams: readonly RouteValue[];
  readonly body: JsonValue | undefined;
  readonly tokenAuth: RouteTokenAuth | undefined;
  readonly jwtTokenAuth: RouteTokenAuth | undefined;
}

const read = new WeakMap<readonly ProxyRoute[], readonly DataSourceRoute[]>();

/** The routes of a plugin, in their order. */
export function dataSourceRoutes(routes: readonly ProxyRoute[]): readonly DataSourceRoute[] {
  const known = read.get(routes) ?? routes.map(routeFrom);
  read.set(routes, known);
  return known;
}

/** The first whose path is a prefix by whole segments, and whose method fits; with what of the path is behind it. */
export function matchRoute(
  routes: readonly DataSourceRoute[],
  method: string,
  segments: readonly string[],
): { readonly route: DataSourceRoute; readonly rest: readonly string[] } | undefined {
  const route = routes.find((it) => it.segments.every((segment, at) => segment === segments[at]) && (it.methods?.includes(method) ?? true));
  return route === undefined ? undefined : { route, rest: segments.slice(route.segments.length) };
}

function routeFrom({ path, method, url, raw }: ProxyRoute): DataSourceRoute {
  return {
    segments: segmentsOf(path),
    methods: methodsOf(method),
    url,
    requiresSignIn: raw["reqSignedIn"] === true,
    requiredRole: text(raw["reqRole"]),
    requiredAction: text(raw["reqAction"]),
    headers: valuesFrom(raw["headers"]),
    urlParams: valuesFrom(raw["urlParams"]),
    body: raw["body"] === null ? undefined : raw["body"],
    tokenAuth: tokenAuthFrom(raw["tokenAuth"]),
    jwtTokenAuth: tokenAuthFrom(raw["jwtTokenAuth"]),
  };
}

/** A trailing `*` is written by some for what is so anyway: a prefix. */
function segmentsOf(path: string): readonly string[] {
  const segments = path.split("/").filter((segment) => segment !== "");
  return segments.at(-1) === "*" ? segments.slice(0, -1) : segments;
}

function methodsOf(list: string): readonly string[] | undefined {
  const names = list.split(",").map((name) => name.trim().toUpperCase());
  if (names.includes("*") || list.trim() === "") return undefined;
  // Who may GET may look at the headers alone.
  return names.includes("GET") ? [...names, "HEAD"] : names;
}

const valuesFrom = (value: JsonValue | undefined): readonly RouteValue[] =>
  list(value).flatMap((it) => (isJsonObject(it) && typeof it["name"] === "string" ? [{ name: it["name"], content: text(it["content"]) }] : []));

function tokenAuthFrom(value: JsonValue | undefined): RouteTokenAuth | undefined {
  if (!isJsonObject(value)) return undefined;
  const params = isJsonObject(value["params"]) ? value["params"] : emptyObject;
  return {
    url: text(value["url"]),
    scopes: list(value["scopes"]).filter((scope) => typeof scope === "string"),
    params: Object.fromEntries(Object.entries(params).map(([key, param]) => [key, text(param)])),
  };
}

const emptyObject: JsonObject = {};
const text = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");
const list = (value: JsonValue | undefined): JsonArray => (isArray(value) ? value : []);
const isArray = (value: JsonValue | undefined): value is JsonArray => Array.isArray(value);
