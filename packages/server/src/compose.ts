import { randomUUID } from "node:crypto";
import { registryResources } from "@dataplane/aggregator";
import { type ApiSource, filterChain, type ResourceRegistry, withFilters } from "@dataplane/apiserver";
import { type ApiClient, createApiClient } from "@dataplane/client";
import { createClientset } from "@dataplane/clientset";
import { apiServiceFrom } from "@dataplane/kube-aggregator";
import { type Clock, controlPlaneUser, dataPlaneUser, type GroupVersion, type Handler, type Logger, type RequestInfo } from "@dataplane/meta";
import type { PluginHost } from "@dataplane/plugin-host";
import type { Store } from "@dataplane/storage";
import { type AggregatorsSide, openAggregatorsSide } from "./aggregators-side.js";
import { type ApiServerSide, openApiServerSide } from "./api-server-side.js";
import { appUrlOf } from "./app-url.js";
import type { Config } from "./config/load-config.js";
import { endWatches } from "./end-watches.js";
import { type HealthEndpoints, healthEndpoints, ping, waitingFor } from "./health-endpoints.js";
import { type HookCalls, lateHookCalls } from "./hook-calls.js";
import { certificateAuthenticator } from "./identity/certificate-authenticator.js";
import { extensionAuthenticationController } from "./identity/extension-authentication.js";
import type { Tokens } from "./identity/tokens.js";
import type { Users } from "./identity/users.js";
import { kubernetesLiveChecks, kubernetesReadyChecks } from "./kubernetes-checks.js";
import type { Lifetime } from "./lifetime.js";
import { openMetrics, watchAvailability } from "./metrics/open-metrics.js";
import { alone, ElectedLeading } from "./servers/leading.js";
import { openServers, type Servers, type ServerTimes } from "./servers/open-servers.js";
import { newServerId } from "./servers/server-record.js";
import { storeProblem } from "./store-health.js";
import type { Certificates } from "./tls/certificates.js";
import type { Live } from "./tls/live.js";
import type { ServingCertificate } from "./tls/serving-certificate.js";

export interface ComposeOptions {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  readonly store: Store;
  /** Other servers may have the same store: one of them leads, and they call each other. Absent: this one has it for itself. */
  readonly shared?: Partial<ServerTimes>;
  readonly plugins: PluginHost;
  readonly users: Users;
  readonly tokens: Tokens;
  readonly keyDirectory: string;
  readonly certificates: Pick<Certificates, "clientCa" | "requestHeaderCa" | "frontProxy">;
  /** The server's own certificate; absent without HTTPS. */
  readonly serving?: Live<Pick<ServingCertificate, "ca">>;
  /** What `/metrics` shows, made of what this process counted; the same unless told. */
  readonly gatherMetrics?: (own: string) => Promise<string>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What a worker must know of the world beside what it can list and watch. */
export interface WorldForWorkers {
  readonly stored: ApiSource;
  /** Groups and versions of remote APIServices. */
  readonly remote: () => readonly GroupVersion[];
  /** Calls back when one of these has changed. */
  onChange(listener: () => void): void;
  /** As GrafanaAggregator has it. */
  onWrite(listener: (info: RequestInfo) => Promise<void>): void;
}

/** The servers, chained: filters, GrafanaAggregator, KubeAggregator, ApiServer. */
export interface Composition {
  readonly handler: Handler;
  /** As the control plane. */
  readonly client: ApiClient;
  /** Resolves when requests can be served: the store is read, the first objects are there, the informers run. */
  start(lifetime: Lifetime): Promise<void>;
  /** HTTPS is served from now on, on that port: other servers of the store may call. */
  readonly listensAt?: (httpsPort: number) => void;
  /** Absent where there is no data plane, or no store behind it. */
  readonly forWorkers?: WorldForWorkers;
  /** readyz fails from now on, and watches end. */
  stopAccepting(): void;
  /** Before the controllers end: other servers of the store need not wait for this one. */
  readonly leave?: () => Promise<void>;
}

/** Both sides in one process: the aggregators delegate to the API server's handler, and are clients of the whole chain. */
export function compose(options: ComposeOptions): Composition {
  const { config, plugins, certificates, clock, logger } = options;
  const common = { config, clock, logger, appUrl: appUrlOf(config) };
  const stopping = new AbortController();
  const counting = openMetrics({ ...options, config, plugins });

  // The controllers and the data plane are clients of the whole chain, which is made of them: they meet here.
  const chain: { complete?: Handler } = {};
  const inProcess: Handler = (request) => {
    if (chain.complete === undefined) throw new Error("the chain is not complete");
    return chain.complete(request);
  };
  const client = createApiClient({ handler: inProcess, user: controlPlaneUser });
  const dataPlaneClient = createApiClient({ handler: inProcess, user: dataPlaneUser });
  const dataPlaneServices = createClientset(dataPlaneClient).dataPlaneServices.informer({ clock, logger });

  const { shared, serving } = options;
  const servers =
    shared === undefined || serving === undefined
      ? undefined
      : openServers({ ...{ config, client, plugins, certificates, serving, clock, logger }, stopping: stopping.signal, times: shared });
  const known = servers?.plugins ?? plugins;

  const api: ApiServerSide = openApiServerSide({
    ...options,
    ...common,
    plugins: known,
    isShared: shared !== undefined,
    ...{ client, dataPlaneServices, store: counting.meteredStore(options.store) },
    hooks: config.dataplaneAggregator ? lateHookCalls(() => hooksOf(aggregators)) : undefined,
    sources: [lateSource(() => aggregators.dataPlane?.aggregator.apiSource), lateSource(() => aggregators.remoteGroups)],
  });
  const { registry, authorizer } = api;
  const aggregators: AggregatorsSide = openAggregatorsSide({
    ...common,
    ...{ client, dataPlaneClient, dataPlaneServices, authorizer },
    delegate: api.handler,
    local: {
      stored: (isRemote) => registryResources(registry, isRemote),
      source: registry,
      onChange: (listener) => registry.onChange(listener),
    },
    plugins: counting.metered(known),
    localPlugins: plugins,
    ...(servers === undefined ? {} : { servers }),
    pluginsAreFound: plugins.found,
    frontProxy: () => certificates.frontProxy.current,
    pluginProblems: () => plugins.problems(),
    reloadProvisioning: (kind) => api.reloadProvisioning(kind),
    metrics: counting.metrics,
    stopping: stopping.signal,
  });
  watchAvailability(counting.metrics, { apiServices: aggregators.apiServices, dataPlaneServices });

  const authenticator = certificateAuthenticator(certificates, config, api.authenticator);
  const filters = filterChain({ authenticator, authorizer, logger, newUid: randomUUID });
  const served = counting.withEndpoint(aggregators.handler);
  chain.complete = withFilters(filters, served);
  const behindFilters = healthEndpoints(
    checksOf({ api, aggregators, servers, store: options.store, stopping: stopping.signal }),
    // The server's own watches go on to the end: they are what it is made of.
    counting.counted([...filters, endWatches(stopping.signal)], served, { registry, aggregator: aggregators.dataPlane?.aggregator }),
  );

  return {
    handler: servers?.withEndpoint(behindFilters, () => aggregators.dataPlane?.streams) ?? behindFilters,
    client,
    stopAccepting: () => stopping.abort(),
    ...worldForWorkers(registry, aggregators),
    ...(servers === undefined ? {} : { listensAt: (port: number) => servers.listensAt(port), leave: () => servers.leave() }),
    async start(lifetime) {
      // Without HTTPS no server can call another one, and yet one of them leads.
      const elected =
        shared === undefined || servers !== undefined ? undefined : new ElectedLeading({ client, identity: newServerId(), clock, logger });
      const leading = servers?.leading ?? elected ?? alone(lifetime);
      await api.start(lifetime, leading);
      servers?.start(lifetime);
      elected?.startIn(lifetime, stopping.signal);
      const extensionAuthentication = { client, ...certificates, allowedNames: config.requestHeaderAllowedNames, clock, logger };
      leading.start("authentication of extension servers", () => extensionAuthenticationController(extensionAuthentication));
      aggregators.dataPlane?.aggregator.onChange(() => api.sourcesChanged());
      aggregators.remoteGroups.onChange(() => api.sourcesChanged());
      aggregators.start(lifetime, leading);
      if (aggregators.dataPlane !== undefined) lifetime.start("DataPlaneServices", dataPlaneServices);
    },
  };
}

function worldForWorkers(registry: ResourceRegistry, { dataPlane, apiServices, isRemote }: AggregatorsSide): Pick<Composition, "forWorkers"> {
  if (dataPlane === undefined) return {};
  const forWorkers: WorldForWorkers = {
    stored: registry,
    remote: () => apiServices.list().map(apiServiceFrom).filter(isRemote),
    onChange(listener) {
      registry.onChange(listener);
      apiServices.onChange(listener);
    },
    onWrite: (listener) => void dataPlane.aggregator.onWrite(listener),
  };
  return { forWorkers };
}

function hooksOf({ hooks }: AggregatorsSide): HookCalls {
  if (hooks === undefined) throw new Error("there is no data plane to ask");
  return hooks;
}

interface Sides {
  readonly store: Store;
  readonly api: ApiServerSide;
  readonly aggregators: AggregatorsSide;
  readonly servers: Pick<Servers, "areKnown"> | undefined;
  readonly stopping: AbortSignal;
}

function checksOf({ api, aggregators, servers, store, stopping }: Sides): HealthEndpoints {
  const { progress } = api;
  const { dataPlane } = aggregators;
  return {
    livez: [ping, ...kubernetesLiveChecks],
    readyz: [
      ping,
      ...kubernetesReadyChecks(
        (stage) => {
          if (stage === "apiServicesAreRead") return aggregators.apiServicesAreRead;
          return stage === "begun" || progress[stage];
        },
        () => storeProblem(store),
      ),
      waitingFor("store", () => progress.storeIsRead),
      ...(dataPlane === undefined ? [] : [waitingFor("dataplane-routes", () => dataPlane.aggregator.hasSynced)]),
      ...(servers === undefined ? [] : [waitingFor("servers", () => servers.areKnown())]),
      waitingFor("provisioning", () => progress.provisioned),
      waitingFor("shutdown", () => !stopping.aborted),
    ],
  };
}

/** The API server comes before the data plane that it delegates for, and yet shows what that serves. */
function lateSource(source: () => ApiSource | undefined): ApiSource {
  return {
    served: () => source()?.served() ?? [],
    get generation() {
      return source()?.generation ?? 0;
    },
  };
}
