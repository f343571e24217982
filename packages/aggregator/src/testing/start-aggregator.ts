import { type ApiObject, type Clock, type Handler, notFound, silentLogger, systemClock, systemGroups } from "@dataplane/meta";
import type { Plugin } from "@dataplane/plugin-host";
import type { CallGuard } from "../call-guard.js";
import { dataPlaneServiceFrom } from "../dataplaneservice.js";
import { createGrafanaAggregator, type GrafanaAggregator } from "../grafana-aggregator.js";
import type { Outbound } from "../outbound/outbound.js";
import type { PluginHandlerOptions } from "../plugin-handler.js";
import type { QuerySharing } from "../query-cache/query-sharing.js";
import type { StoredResources } from "../route-conflicts.js";
import type { CallLimits } from "../service-types/service-type.js";
import { aPluginSource } from "./a-plugin.js";
import { call, type Received, type Sent } from "./call.js";
import { type KnownDataSource, knownDataSources } from "./known-data-sources.js";

export { aDataPlaneService } from "./a-data-plane-service.js";
export { anAnswer, aPlugin } from "./a-plugin.js";

export interface StartOptions {
  readonly plugins?: readonly Plugin[];
  readonly services?: readonly ApiObject[];
  /** Data sources that exist; `main` of each plugin unless told. */
  readonly dataSources?: readonly KnownDataSource[];
  readonly delegate?: Handler;
  readonly limits?: Partial<CallLimits>;
  readonly clock?: Clock;
  readonly stored?: Partial<StoredResources>;
  readonly synced?: boolean;
  readonly sendUserHeader?: boolean;
  readonly outbound?: Outbound;
  readonly guard?: CallGuard;
  readonly sharing?: QuerySharing;
  readonly channels?: PluginHandlerOptions["channels"];
  readonly manifestRoutes?: PluginHandlerOptions["manifestRoutes"];
}

/** A GrafanaAggregator with plugins, called without a socket. */
export interface TestAggregator {
  readonly aggregator: GrafanaAggregator;
  readonly plugins: ReturnType<typeof aPluginSource>;
  readonly send: (method: string, path: string, sent?: Sent) => Promise<Received>;
  /** Posts one or more queries to a data source in the plugin's group `<plugin>.grafana.app`. */
  readonly query: (plugin: string, uid: string, queries: readonly object[] | object, sent?: Sent) => Promise<Received>;
}

export function startAggregator(options: StartOptions = {}): TestAggregator {
  const list = options.plugins ?? [];
  const plugins = aPluginSource(list);
  const aggregator = createGrafanaAggregator({
    delegate: options.delegate ?? ((request) => Promise.reject(notFound(request.context.info?.resource ?? "", request.context.info?.name ?? ""))),
    stored: { hasGroup: () => false, hasResource: () => false, hasSubresource: () => false, isRemote: () => false, ...options.stored },
    plugins,
    contexts: knownDataSources(options.dataSources ?? list.map(({ id }) => ({ pluginId: id, uid: "main" }))),
    limits: { bodyBytes: 1024 * 1024, callTimeoutMs: 5000, ...options.limits },
    authorizer: { authorize: (user) => ({ allowed: user.groups.includes(systemGroups.masters), reason: "" }) },
    sendUserHeader: options.sendUserHeader === true,
    ...(options.manifestRoutes === undefined ? {} : { manifestRoutes: options.manifestRoutes }),
    ...(options.outbound === undefined ? {} : { outbound: options.outbound }),
    ...(options.channels === undefined ? {} : { channels: options.channels }),
    ...(options.guard === undefined ? {} : { guard: options.guard }),
    ...(options.sharing === undefined ? {} : { sharing: options.sharing }),
    clock: options.clock ?? systemClock,
    logger: silentLogger,
  });
  for (const service of options.services ?? []) aggregator.serve(dataPlaneServiceFrom(service));
  if (options.synced !== false) aggregator.markSynced();
  const send = (method: string, path: string, sent?: Sent): Promise<Received> => call(aggregator.handler, method, path, sent);
  return {
    aggregator,
    plugins,
    send,
    query: (plugin, uid, queries, sent) =>
      send("POST", `/apis/${plugin}.grafana.app/v0alpha1/namespaces/default/datasources/${uid}/query`, {
        body: { queries: Array.isArray(queries) ? queries : [queries] },
        ...sent,
      }),
  };
}
