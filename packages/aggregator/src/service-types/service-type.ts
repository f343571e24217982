import type { Authorizer } from "@dataplane/apiserver";
import type { Clock, GroupVersion, HttpRequest, HttpResponse, JsonObject, Logger } from "@dataplane/meta";
import type { Plugin } from "@dataplane/plugin-host";
import type { CallGuard } from "../call-guard.js";
import type { StreamChannels } from "../live/channels.js";
import type { Outbound } from "../outbound/outbound.js";
import type { PluginContexts } from "../plugin-contexts.js";
import type { QuerySharing } from "../query-cache/query-sharing.js";

/** Bounds of one call. */
export interface CallLimits {
  /** Of a request's body; more is 413. */
  readonly bodyBytes: number;
  /** Of one call to a plugin; more is 504. */
  readonly callTimeoutMs: number;
  /** `[dataproxy] row_limit`: rows of one query's result; more is an error of that result. No limit when absent. */
  readonly resultRows?: number;
  /** `[dataproxy] response_limit`: bytes of one query's frames as the plugin sent them. No limit when absent or 0. */
  readonly resultBytes?: number;
  /** `[query] concurrent_query_limit`: data sources of one request that are asked at once; 10 when absent. */
  readonly concurrentQueries?: number;
}

/** What a route's handler is given. */
export interface PluginCall {
  readonly request: HttpRequest;
  /** Decoded values of `{name}` in the route's path, and `*` for a trailing one. */
  readonly params: Readonly<Record<string, string>>;
  readonly plugin: Plugin;
  readonly contexts: PluginContexts;
  readonly limits: CallLimits;
  /** Where the service is bound: the group and version of the path. */
  readonly groupVersion: GroupVersion;
  /** `[dataproxy] send_user_header`: plugins are told the caller's login in X-Grafana-User. */
  readonly sendUserHeader?: boolean;
  /** No bounds when absent. */
  readonly guard?: CallGuard;
  /** Answers that several callers are given; none are shared when absent. */
  readonly sharing?: QuerySharing;
  /** Connections to backends; with the default rules when absent. */
  readonly outbound?: Outbound;
  /** Streams of plugins; none are served when absent. */
  readonly channels?: StreamChannels;
  /** For questions about rights; the call itself was authorized before. */
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** An operation of OpenAPI v3; its id is made unique by group and version. */
export interface Operation extends JsonObject {
  readonly operationId: string;
}

/** One route of a group/version. `path` is relative to `/apis/G/V`: segments, `{name}`, or a trailing `*` for the rest. */
export interface PluginRoute {
  /** Upper case; every method when it is `["*"]`. */
  readonly methods: readonly string[];
  readonly path: string;
  readonly handle: (call: PluginCall) => Promise<HttpResponse>;
  /** How discovery shows it: a subresource such as `datasources/query`; absent when it is not shown. */
  readonly discovered?: { readonly name: string; readonly kind: string; readonly verbs: readonly string[] };
  /** OpenAPI operation by lower-case method. */
  readonly operations?: Readonly<Record<string, Operation>>;
}

/** One entry of `spec.services`. */
export interface ServiceEntry {
  readonly type: string;
  readonly method?: string;
  readonly path?: string;
}

/** What of the DataPlaneService around an entry decides over its routes. */
export interface BoundPlugin {
  readonly pluginType: string;
}

/** A service type of a DataPlaneService: one object in one file, one line in the table. */
export interface ServiceType {
  readonly name: string;
  /** False where the entry's paths answer with an error alone, whatever is asked; shown as ServiceTypeNotServed. */
  readonly served: (entry: ServiceEntry, plugin: BoundPlugin) => boolean;
  /** Fixed paths of the data plane: they come before stored resources. */
  readonly routes: (entry: ServiceEntry, plugin: BoundPlugin) => readonly PluginRoute[];
  /** Patterns of the service's own: they come after stored resources. */
  readonly patterns?: (entry: ServiceEntry, plugin: BoundPlugin) => readonly PluginRoute[];
}
