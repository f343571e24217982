import type { Authorizer } from "@dataplane/apiserver";
import { type Clock, type HttpRequest, type HttpResponse, type JsonObject, type Logger, unavailable } from "@dataplane/meta";
import type { PluginSource } from "@dataplane/plugin-host";
import type { CallGuard } from "./call-guard.js";
import type { DataPlaneService } from "./dataplaneservice.js";
import { backendPatterns, backendRoutes } from "./http-backend/backend-routes.js";
import { proxyToBackend } from "./http-backend/proxy-to-backend.js";
import type { StreamChannels } from "./live/channels.js";
import { logFailedCall } from "./log-failed-call.js";
import type { ManifestRouteTable } from "./manifest-routes/manifest-route-table.js";
import type { ManifestRoutes } from "./manifest-routes/manifest-routes.js";
import type { ReadNamedQuery } from "./named-queries/run-named-query.js";
import { defaultOutbound, type Outbound } from "./outbound/outbound.js";
import { matchPath, moreSpecific, type PathPattern, parsePathPattern } from "./path-pattern.js";
import { pluginMissing } from "./plugin-call-errors.js";
import type { PluginContexts } from "./plugin-contexts.js";
import type { QuerySharing } from "./query-cache/query-sharing.js";
import { type QueryType, queryTypesOf } from "./query-types.js";
import { accessRoute, appAccessRoute } from "./service-types/access.js";
import { appHealthRoute, healthRoute } from "./service-types/health.js";
import { manifestPatterns } from "./service-types/manifest-patterns.js";
import { metricsRoute } from "./service-types/metrics.js";
import { isServiceTypeName } from "./service-types/names.js";
import type { CallLimits, PluginCall, PluginRoute } from "./service-types/service-type.js";
import { serviceTypes } from "./service-types/table.js";

/** What handlers need of the server around them. */
export interface PluginHandlerOptions {
  readonly plugins: PluginSource;
  readonly contexts: PluginContexts;
  readonly limits: CallLimits;
  readonly authorizer: Authorizer;
  /** `[dataproxy] send_user_header`; false when absent. */
  readonly sendUserHeader?: boolean;
  /** No bounds when absent. */
  readonly guard?: CallGuard;
  /** Named queries answer 501 when absent. */
  readonly readNamedQuery?: ReadNamedQuery;
  /** Answers that several callers are given; none are shared when absent. */
  readonly sharing?: QuerySharing;
  /** Connections to backends; with the default rules when absent. */
  readonly outbound?: Outbound;
  /** Streams of plugins; none are served when absent. */
  readonly channels?: StreamChannels;
  /** Routes that manifests add; none when absent. */
  readonly manifestRoutes?: Pick<ManifestRouteTable, "of">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A path that matched, its method aside. */
export interface MatchedPath {
  readonly allowed: readonly string[];
  /** Undefined when the path has no such method: 405. */
  readonly handle: ((request: HttpRequest) => Promise<HttpResponse>) | undefined;
}

const noTypes: readonly QueryType[] = [];

interface CompiledRoute {
  readonly route: PluginRoute;
  readonly pattern: PathPattern;
}

/** One DataPlaneService, ready to serve: its routes, and calls to its plugin. Immutable. */
export class PluginHandler {
  readonly service: DataPlaneService;
  /** Paths of the data plane: they come before stored resources. */
  readonly #fixed: readonly CompiledRoute[];
  readonly #ownPatterns: readonly CompiledRoute[];
  /** Those of its own and of a manifest: they come after stored resources, longest literal prefix first. */
  readonly #patterns: readonly CompiledRoute[];
  /** OpenAPI schemas that routes of a manifest refer to. */
  readonly schemas: JsonObject;
  readonly #options: PluginHandlerOptions;
  /** What all calls have in common. */
  readonly #common: Omit<PluginHandlerOptions, "plugins"> & Pick<PluginCall, "groupVersion">;

  constructor(service: DataPlaneService, options: PluginHandlerOptions) {
    this.service = service;
    this.#options = options;
    const { plugins: _, ...common } = options;
    const { group, version } = service.spec;
    this.#common = { ...common, groupVersion: { group, version } };
    this.#fixed = compiled(fixedRoutes(service));
    this.#ownPatterns = compiled(patternsOf(service));
    const added = manifestRoutesFor(service, options);
    this.schemas = added?.schemas ?? {};
    const declared = compiled(added === undefined ? [] : manifestPatterns(added.routes, service.spec));
    this.#patterns = [...this.#ownPatterns, ...declared].toSorted((a, b) => moreSpecific(a.pattern, b.pattern));
  }

  get routes(): readonly PluginRoute[] {
    return [...this.#fixed, ...this.#patterns].map(({ route }) => route);
  }

  /** Of the service's own routes; a manifest's are checked with the manifest. */
  /** What its plugin says of its queries; none while the plugin is not there. */
  get queryTypes(): readonly QueryType[] {
    const plugin = this.#options.plugins.get(this.service.spec.pluginID);
    return plugin === undefined ? noTypes : queryTypesOf(plugin);
  }

  get patterns(): readonly PathPattern[] {
    return this.#ownPatterns.map(({ pattern }) => pattern);
  }

  /** `segments` are the decoded ones after `/apis/G/V`. */
  matchFixed(method: string, segments: readonly string[]): MatchedPath | undefined {
    return this.#match(this.#fixed, method, segments);
  }

  matchPattern(method: string, segments: readonly string[]): MatchedPath | undefined {
    return this.#match(this.#patterns, method, segments);
  }

  #match(routes: readonly CompiledRoute[], method: string, segments: readonly string[]): MatchedPath | undefined {
    const allowed: string[] = [];
    for (const { route, pattern } of routes) {
      const params = matchPath(pattern, segments);
      if (params === undefined) continue;
      allowed.push(...route.methods);
      if (hasMethod(route, method)) {
        return { allowed, handle: (request) => this.#call(route, params, request) };
      }
    }
    return allowed.length === 0 ? undefined : { allowed, handle: undefined };
  }

  #call(route: PluginRoute, params: Readonly<Record<string, string>>, request: HttpRequest): Promise<HttpResponse> {
    const { pluginID, pluginType, backend } = this.service.spec;
    if (backend !== undefined) {
      const { outbound = defaultOutbound(), limits, guard, logger } = this.#common;
      const uid = params["uid"] ?? "";
      return proxyToBackend({
        ...{ request, service: this.service, uid, backend, outbound, bodyBytes: limits.bodyBytes, callTimeoutMs: limits.callTimeoutMs, logger },
        ...(guard === undefined ? {} : { guard }),
      });
    }
    const plugin = this.#options.plugins.get(pluginID);
    if (plugin === undefined) throw pluginMissing(pluginID);
    if (plugin.json.type !== pluginType) {
      throw unavailable(`plugin ${JSON.stringify(pluginID)} is of type ${plugin.json.type}, not ${pluginType} as its DataPlaneService says`, 10);
    }
    return route.handle({ ...this.#common, request, params, plugin }).then(undefined, (thrown: unknown) => {
      logFailedCall(this.#common.logger, pluginID, thrown);
      throw thrown;
    });
  }
}

/** Health, access and metrics come with any service, whatever types it lists. */
function fixedRoutes({ spec }: DataPlaneService): readonly PluginRoute[] {
  if (spec.backend !== undefined) return backendRoutes(spec);
  const listed = spec.services.flatMap((entry) => (isServiceTypeName(entry.type) ? serviceTypes[entry.type].routes(entry, spec) : []));
  return [...listed, ...(spec.pluginType === "datasource" ? [healthRoute, accessRoute] : [appHealthRoute, appAccessRoute]), metricsRoute];
}

function patternsOf({ spec }: DataPlaneService): readonly PluginRoute[] {
  if (spec.backend !== undefined) return backendPatterns(spec);
  return spec.services.flatMap((entry) => (isServiceTypeName(entry.type) ? (serviceTypes[entry.type].patterns?.(entry, spec) ?? []) : []));
}

/** A manifest adds routes to the service that binds its group and version, if that serves routes at all. */
function manifestRoutesFor({ spec }: DataPlaneService, { manifestRoutes }: PluginHandlerOptions): ManifestRoutes | undefined {
  return spec.services.some(({ type }) => type === "route") ? manifestRoutes?.of(spec) : undefined;
}

/** Who may GET may look at the headers alone. */
const hasMethod = ({ methods }: PluginRoute, method: string): boolean =>
  methods.includes(method) || methods.includes("*") || (method === "HEAD" && methods.includes("GET"));

const compiled = (routes: readonly PluginRoute[]): readonly CompiledRoute[] =>
  routes.flatMap((route) => {
    const { pattern, problem } = parsePathPattern(route.path);
    // Validation keeps unsound patterns out; one that got in all the same serves nothing.
    return problem === undefined ? [{ route, pattern }] : [];
  });
