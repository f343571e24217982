import { randomUUID } from "node:crypto";
import { registryResources } from "@dataplane/aggregator";
import { type ApiSource, filterChain, withFilters } from "@dataplane/apiserver";
import { type ApiClient, createApiClient } from "@dataplane/client";
import { createClientset } from "@dataplane/clientset";
import { type Clock, controlPlaneUser, dataPlaneUser, type Handler, type Logger } from "@dataplane/meta";
import type { PluginHost } from "@dataplane/plugin-host";
import type { Store } from "@dataplane/storage";
import { type AggregatorsSide, openAggregatorsSide } from "./aggregators-side.js";
import { type ApiServerSide, openApiServerSide } from "./api-server-side.js";
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
import { storeProblem } from "./store-health.js";
import type { Certificates } from "./tls/certificates.js";
import type { Live } from "./tls/live.js";
import type { ServingCertificate } from "./tls/serving-certificate.js";

export interface ComposeOptions {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  readonly store: Store;
  readonly plugins: PluginHost;
  readonly users: Users;
  readonly tokens: Tokens;
  readonly keyDirectory: string;
  readonly certificates: Pick<Certificates, "clientCa" | "requestHeaderCa" | "frontProxy">;
  /** The server's own certificate; absent without HTTPS. */
  readonly serving?: Live<Pick<ServingCertificate, "ca">>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The servers, chained: filters, GrafanaAggregator, KubeAggregator, ApiServer. */
export interface Composition {
  readonly handler: Handler;
  /** As the control plane. */
  readonly client: ApiClient;
  /** Resolves when requests can be served: the store is read, the first objects are there, the informers run. */
  start(lifetime: Lifetime): Promise<void>;
  /** readyz fails from now on, and watches end. */
  stopAccepting(): void;
}

/** Both sides in one process: the aggregators delegate to the API server's handler, and are clients of the whole chain. */
export function compose(options: ComposeOptions): Composition {
  const { config, plugins, certificates, clock, logger } = options;
  const common = { config, clock, logger, appUrl: appUrlOf(config) };
  const stopping = new AbortController();
  const counting = openMetrics({ config, plugins });

  // The controllers and the data plane are clients of the whole chain, which is made of them: they meet here.
  const chain: { complete?: Handler } = {};
  const inProcess: Handler = (request) => {
    if (chain.complete === undefined) throw new Error("the chain is not complete");
    return chain.complete(request);
  };
  const client = createApiClient({ handler: inProcess, user: controlPlaneUser });
  const dataPlaneClient = createApiClient({ handler: inProcess, user: dataPlaneUser });
  const dataPlaneServices = createClientset(dataPlaneClient).dataPlaneServices.informer({ clock, logger });

  const api: ApiServerSide = openApiServerSide({
    ...options,
    ...common,
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
    plugins: counting.metered(plugins),
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
  const handler = healthEndpoints(
    checksOf({ api, aggregators, store: options.store, stopping: stopping.signal }),
    // The server's own watches go on to the end: they are what it is made of.
    counting.counted([...filters, endWatches(stopping.signal)], served, { registry, aggregator: aggregators.dataPlane?.aggregator }),
  );

  return {
    handler,
    client,
    stopAccepting: () => stopping.abort(),
    async start(lifetime) {
      await api.start(lifetime);
      lifetime.start(
        "authentication of extension servers",
        extensionAuthenticationController({ client, ...certificates, allowedNames: config.requestHeaderAllowedNames, clock, logger }),
      );
      aggregators.dataPlane?.aggregator.onChange(() => api.sourcesChanged());
      aggregators.remoteGroups.onChange(() => api.sourcesChanged());
      aggregators.start(lifetime);
      if (aggregators.dataPlane !== undefined) lifetime.start("DataPlaneServices", dataPlaneServices);
    },
  };
}

/** Where this server is found. */
export const appUrlOf = ({ rootUrl, httpPort }: Config): string => (rootUrl === "" ? `http://localhost:${httpPort}/` : rootUrl);

function hooksOf({ hooks }: AggregatorsSide): HookCalls {
  if (hooks === undefined) throw new Error("there is no data plane to ask");
  return hooks;
}

interface Sides {
  readonly store: Store;
  readonly api: ApiServerSide;
  readonly aggregators: AggregatorsSide;
  readonly stopping: AbortSignal;
}

function checksOf({ api, aggregators, store, stopping }: Sides): HealthEndpoints {
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
