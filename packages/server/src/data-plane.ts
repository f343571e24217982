import { hostname } from "node:os";
import {
  createBackendProbes,
  createCallGuard,
  createGrafanaAggregator,
  createOutbound,
  createPluginContextsClient,
  createStreamChannels,
  dataPlaneServiceAvailabilityController,
  dataPlaneServiceRegistrationController,
  type GrafanaAggregator,
  Live,
  legacyHandler,
  ManifestRouteTable,
  managedDataPlaneServicesController,
  manifestRoutesController,
  namedQueryReader,
  type Outbound,
  pluginAppHooks,
  pluginConfig,
  pluginRestartHandler,
  QuerySharing,
  type StoredResources,
} from "@dataplane/aggregator";
import type { Authorizer } from "@dataplane/apiserver";
import { appManifestStatusController } from "@dataplane/app-manifests";
import type { ApiClient, Informer } from "@dataplane/client";
import { type ApiObject, aborted, type Clock, type Handler, type Logger, type Metrics } from "@dataplane/meta";
import type { PluginProblem, PluginSource } from "@dataplane/plugin-host";
import type { Config } from "./config/load-config.js";
import type { HookCalls } from "./hook-calls.js";
import type { Lifetime, Runnable } from "./lifetime.js";
import type { Leading } from "./servers/leading.js";
import type { ServedStreams, Servers } from "./servers/open-servers.js";
import { version } from "./version.js";

export interface DataPlaneOptions {
  readonly config: Config;
  /** The next server in the chain. */
  readonly delegate: Handler;
  /** What the servers behind serve: routes must not hide it. */
  readonly stored: StoredResources;
  readonly plugins: PluginSource;
  /** Other servers of the same store; there are none when absent. */
  readonly servers?: Pick<Servers, "owners" | "fanOut">;
  /** Plugins that are on disk and were not loaded, and why. */
  readonly pluginProblems: () => readonly PluginProblem[];
  readonly authorizer: Authorizer;
  /** Of DataPlaneServices. */
  readonly services: Informer<ApiObject>;
  /** As the control plane's controllers, and as the data plane itself. */
  readonly client: ApiClient;
  readonly dataPlaneClient: ApiClient;
  readonly appUrl: string;
  /** False where another process looks whether backends answer, and tells of it. */
  readonly probesBackends?: boolean;
  /** Reads the provisioning files of that kind again. */
  readonly reloadProvisioning: (kind: "datasources" | "plugins") => Promise<void>;
  /** Aborts when the server begins to stop: streams end. */
  readonly stopping: AbortSignal;
  /** For parts that count for themselves. */
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface DataPlane {
  readonly aggregator: GrafanaAggregator;
  /** GrafanaAggregator, with Grafana's older paths before it. */
  readonly handler: Handler;
  /** What the API server asks. */
  readonly hooks: HookCalls;
  /** For subscribers of other servers. */
  readonly streams: ServedStreams;
  start(lifetime: Lifetime, leading: Leading): void;
}

/** The data plane and its controllers. It knows the world through its clients alone. */
export function openDataPlane(options: DataPlaneOptions): DataPlane {
  const { config, services, client, plugins, clock, logger } = options;
  const contexts = createPluginContextsClient({
    client: options.dataPlaneClient,
    plugins,
    config: pluginConfig({
      appUrl: options.appUrl,
      concurrentQueryLimit: config.concurrentQueries,
      responseLimitBytes: config.responseLimit,
      rowLimit: config.rowLimit,
      featureToggles: config.enabledToggles,
    }),
    userAgent: `Grafana/${version.server} (${process.platform}; ${process.arch})`,
    clock,
    logger,
  });
  const limits = {
    bodyBytes: config.bodyLimit,
    callTimeoutMs: config.queryTimeout,
    resultRows: config.rowLimit,
    resultBytes: config.responseLimit,
    concurrentQueries: config.concurrentQueries,
  };
  const outbound = createOutbound({
    rules: { allow: config.allowAddresses, deny: config.denyAddresses, whitelist: config.dataSourceWhitelist },
    connectTimeoutMs: config.dialTimeout,
    idleTimeoutMs: config.idleConnectionTimeout,
  });
  const { metrics } = options;
  const guard = createCallGuard({
    perDataSource: { inFlight: config.maxInFlightPerDataSource, perSecond: config.ratePerDataSource },
    perUser: { inFlight: config.maxInFlightPerUser, perSecond: config.ratePerUser },
    callTimeoutMs: limits.callTimeoutMs,
    ...{ metrics, clock, logger },
  });
  const sharing = new QuerySharing({
    defaults: { coalesce: config.coalesceQueries, cache: config.queryCache, ttlMs: config.queryCacheTtl },
    maxBytes: config.queryCacheBytes,
    ...{ metrics, clock },
  });
  const backends = createBackendProbes({ services, outbound, clock, logger });
  const channels = createStreamChannels({
    ...{ plugins, contexts, limits, clock, logger },
    stopping: options.stopping,
    ...(options.servers === undefined ? {} : { owners: options.servers.owners }),
    streams: {
      historySize: config.liveHistorySize,
      historyMaxBytes: config.liveHistoryMaxBytes,
      queueMaxBytes: config.liveQueueMaxSize,
      queueMaxMessages: config.liveQueueMaxMessages,
    },
  });
  const handlerOptions = {
    ...{ plugins, contexts, limits, outbound, guard, sharing, channels, clock, logger },
    authorizer: options.authorizer,
    readNamedQuery: namedQueryReader(options.dataPlaneClient),
    sendUserHeader: config.sendUserHeader,
  };
  const live = new Live({
    ...handlerOptions,
    version: version.server,
    stopping: options.stopping,
    ...(options.servers === undefined ? {} : { fanOut: options.servers.fanOut }),
    settings: {
      maxConnections: config.liveMaxConnections,
      allowedOrigins: config.liveAllowedOrigins,
      messageMaxBytes: config.liveMessageSizeLimit,
      queueMaxBytes: config.liveQueueMaxSize,
      queueMaxMessages: config.liveQueueMaxMessages,
      historySize: config.liveHistorySize,
      historyMaxBytes: config.liveHistoryMaxBytes,
      rootUrl: options.appUrl,
    },
  });
  const manifestRoutes = new ManifestRouteTable();
  const aggregator = createGrafanaAggregator({
    ...handlerOptions,
    manifestRoutes,
    delegate: options.delegate,
    stored: options.stored,
  });
  aggregator.onWrite((info) => {
    contexts.forget(info);
    return Promise.resolve();
  });
  const manifests = manifestRoutesController({ client: options.dataPlaneClient, table: manifestRoutes, aggregator, clock, logger });
  return {
    aggregator,
    streams: { channels, push: (channel, data) => live.local.receive(channel, data) },
    hooks: { objectHooks: aggregator.objectHooks, appHooks: pluginAppHooks({ plugins, contexts, callTimeoutMs: limits.callTimeoutMs }) },
    handler: legacyHandler({
      ...handlerOptions,
      live,
      client: options.dataPlaneClient,
      server: { version: version.server, commit: version.commit, reload: options.reloadProvisioning },
      delegate: pluginRestartHandler({ delegate: aggregator.handler, services, plugins }),
    }),
    start(lifetime, leading) {
      lifetime.start("plugin contexts", contexts);
      if (options.probesBackends !== false) lifetime.start("backend probes", backends);
      lifetime.start("outbound connections", untilClosed(outbound));
      lifetime.start("plugin descriptions", pluginDescriptions(plugins, aggregator));
      lifetime.start("manifest routes", manifests);
      leading.start("AppManifest status", () => appManifestStatusController({ client, services, clock, logger }));
      const alsoSynced = manifests.synced;
      lifetime.start("registration", dataPlaneServiceRegistrationController({ client, services, aggregator, alsoSynced, clock, logger }));
      leading.start("availability", () =>
        dataPlaneServiceAvailabilityController({
          problems: options.pluginProblems,
          client,
          services,
          aggregator,
          plugins,
          backends,
          instance: hostname(),
          clock,
          logger,
        }),
      );
      if (config.autoRegister) {
        leading.start("managed services", () => managedDataPlaneServicesController({ client, services, plugins, clock, logger }));
      }
    },
  };
}

/** What a plugin says of its queries is part of the OpenAPI documents: they are made anew when its plugin.json is another. */
const pluginDescriptions = (plugins: PluginSource, aggregator: Pick<GrafanaAggregator, "rejudge">): Runnable => ({
  async run(signal) {
    const seen = new Map(plugins.list().map(({ id, json }) => [id, json]));
    const stop = plugins.onChange((id) => {
      const json = plugins.get(id)?.json;
      if (json === seen.get(id)) return;
      if (json === undefined) seen.delete(id);
      else seen.set(id, json);
      aggregator.rejudge();
    });
    await aborted(signal);
    stop();
  },
});

/** Requests in flight have ended before a server's parts do. */
const untilClosed = (outbound: Outbound): Runnable => ({
  async run(signal) {
    await aborted(signal);
    await outbound.close();
  },
});
