import { randomUUID } from "node:crypto";
import path from "node:path";
import { createApiextensions } from "@dataplane/apiextensions";
import {
  type AdmissionHook,
  type ApiSource,
  basicAuthenticator,
  bearerAuthenticator,
  createApiServer,
  createRegistry,
  filterChain,
  limitInFlight,
  unionAuthenticator,
  withFilters,
} from "@dataplane/apiserver";
import { createApiClient, createInformer } from "@dataplane/client";
import { createClientset } from "@dataplane/clientset";
import { createProvisioning, dataSourceGroups, openSealer, provisionedApps } from "@dataplane/datasources";
import { apiServiceAvailabilityController, apiServicesRef, autoregisterController, createKubeAggregator } from "@dataplane/kube-aggregator";
import { type Clock, controlPlaneUser, dataPlaneUser, type Handler, type Logger } from "@dataplane/meta";
import type { PluginHost } from "@dataplane/plugin-host";
import type { Store } from "@dataplane/storage";
import { openAccessControl } from "./access-control.js";
import { bootstrap } from "./bootstrap.js";
import type { Config } from "./config/load-config.js";
import { openDataPlane } from "./data-plane.js";
import { endWatches } from "./end-watches.js";
import { type HealthCheck, healthEndpoints } from "./health-endpoints.js";
import { openServiceAccounts } from "./identity/service-accounts.js";
import type { Tokens } from "./identity/tokens.js";
import type { Users } from "./identity/users.js";
import { kubernetesLiveChecks, kubernetesReadyChecks } from "./kubernetes-checks.js";
import type { Lifetime } from "./lifetime.js";
import { openMetrics, watchAvailability } from "./metrics/open-metrics.js";
import { addServedResources } from "./served-resources.js";
import { storeCompaction } from "./store-compaction.js";
import { version } from "./version.js";

export interface ComposeOptions {
  readonly config: Config;
  readonly env: NodeJS.ProcessEnv;
  readonly store: Store;
  readonly plugins: PluginHost;
  readonly users: Users;
  readonly tokens: Tokens;
  readonly keyDirectory: string;
  /** Of the server's own certificate, PEM; absent without HTTPS. */
  readonly ca?: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The servers, chained: filters, GrafanaAggregator, KubeAggregator, ApiServer. */
export interface Composition {
  readonly handler: Handler;
  /** Resolves when requests can be served: the store is read, the first objects are there, the informers run. */
  start(lifetime: Lifetime): Promise<void>;
  /** readyz fails from now on, and watches end. */
  stopAccepting(): void;
}

export function compose(options: ComposeOptions): Composition {
  const { config, env, store, plugins, users, tokens, clock, logger } = options;
  const stopping = new AbortController();
  const registry = createRegistry();
  const counting = openMetrics({ config, plugins });
  const sealer = openSealer({ keyDirectory: options.keyDirectory });

  // The controllers and the data plane are clients of the whole chain, which is made of them: they meet here.
  const chain: { complete?: Handler } = {};
  const inProcess: Handler = (request) => {
    if (chain.complete === undefined) throw new Error("the chain is not complete");
    return chain.complete(request);
  };
  const client = createApiClient({ handler: inProcess, user: controlPlaneUser });
  const dataPlaneClient = createApiClient({ handler: inProcess, user: dataPlaneUser });

  const dataPlaneSource = lateSource(() => (config.dataplaneAggregator ? dataPlane.aggregator.apiSource : undefined));
  const access = openAccessControl({ client, sources: [registry, dataPlaneSource], clock, logger });
  const { authorizer, resolver } = access;
  const appUrl = config.rootUrl === "" ? `http://localhost:${config.httpPort}/` : config.rootUrl;
  const accounts = openServiceAccounts({ tokens, client, appUrl, ...(options.ca === undefined ? {} : { ca: options.ca }), clock, logger });
  addServedResources(registry, { ...config, ...accounts, authorizer, resolver, sealer });
  const apiServer = createApiServer({
    ...{ store, registry, authorizer, clock, logger },
    sources: [dataPlaneSource],
    admission: config.dataplaneAggregator ? [lateAdmission(() => dataPlane.aggregator.objectHooks.admission)] : [],
    newUid: randomUUID,
    version: version.kubernetes,
  });
  const extensions = createApiextensions({ client, registry, webhooks: apiServer.webhooks, clock, logger });
  const inFlight = limitInFlight({ reads: config.maxRequestsInFlight, writes: config.maxMutatingRequestsInFlight });
  const stored = withFilters([inFlight], extensions.obeying(apiServer.handler));
  const apiServiceInformer = createInformer({ client, resource: apiServicesRef, clock, logger });
  const kubeAggregator = createKubeAggregator({ delegate: stored, services: apiServiceInformer });
  const delegate = config.kubernetesAggregator ? kubeAggregator.handler : stored;
  const services = createClientset(dataPlaneClient).dataPlaneServices.informer({ clock, logger });
  watchAvailability(counting.metrics, { apiServices: apiServiceInformer, dataPlaneServices: services });
  const dataPlane = openDataPlane({
    config,
    delegate,
    isRemote: (groupVersion) => kubeAggregator.isRemote(groupVersion),
    plugins: counting.metered(plugins),
    pluginProblems: () => plugins.problems(),
    metrics: counting.metrics,
    stopping: stopping.signal,
    reloadProvisioning: (kind) => (kind === "plugins" ? appProvisioning : provisioning).apply(),
    registry,
    authorizer,
    services,
    client,
    dataPlaneClient,
    appUrl,
    clock,
    logger,
  });

  const groups = dataSourceGroups({ registry, plugins, services, sealer, clock, logger });
  const provisioningOptions = { client, plugins, env, clock, logger };
  const provisioning = createProvisioning({ ...provisioningOptions, directory: path.join(config.provisioningPath, "datasources") });
  const appProvisioning = createProvisioning({
    ...provisioningOptions,
    kind: provisionedApps,
    directory: path.join(config.provisioningPath, "plugins"),
  });
  const progress = { storeIsRead: false, bootstrapped: false, definitionsAreServed: false, provisioned: false };

  const filters = filterChain({
    // Users keeps what it verified, and looks at each request: nothing may be believed on its behalf.
    authenticator: unionAuthenticator([
      basicAuthenticator({ verify: (name, password, request) => users.verify(name, password, request), cacheMs: 0 }),
      bearerAuthenticator(accounts.bearer),
    ]),
    authorizer,
    logger,
    newUid: randomUUID,
  });
  const served = accounts.withEndpoints(counting.withEndpoint(config.dataplaneAggregator ? dataPlane.handler : delegate));
  chain.complete = withFilters(filters, served);

  const check = (name: string, isWell: () => boolean): HealthCheck => ({ name, problem: () => (isWell() ? undefined : "not yet") });
  const ping = check("ping", () => true);
  const handler = healthEndpoints(
    {
      livez: [ping, ...kubernetesLiveChecks],
      readyz: [
        ping,
        ...kubernetesReadyChecks((stage) => {
          if (stage === "apiServicesAreRead") return !config.kubernetesAggregator || apiServiceInformer.hasSynced;
          return stage === "begun" || progress[stage];
        }),
        check("store", () => progress.storeIsRead),
        ...(config.dataplaneAggregator ? [check("dataplane-routes", () => dataPlane.aggregator.hasSynced)] : []),
        check("provisioning", () => progress.provisioned),
        check("shutdown", () => !stopping.signal.aborted),
      ],
    },
    // The server's own watches go on to the end: they are what it is made of.
    counting.counted([...filters, endWatches(stopping.signal)], served, {
      registry,
      aggregator: config.dataplaneAggregator ? dataPlane.aggregator : undefined,
    }),
  );

  return {
    handler,
    stopAccepting: () => stopping.abort(),
    async start(lifetime) {
      await apiServer.start(lifetime.signal);
      progress.storeIsRead = true;
      await bootstrap(client);
      await access.start(lifetime);
      accounts.start(lifetime);
      progress.bootstrapped = true;
      registry.onChange(() => access.sourcesChanged());
      await extensions.serveStored();
      progress.definitionsAreServed = true;
      lifetime.start("custom resource definitions", extensions);
      groups.sync();
      await Promise.all([provisioning.apply(), appProvisioning.apply()]);
      progress.provisioned = true;
      lifetime.start("store compaction", storeCompaction({ store, retention: config.historyRetention, clock, logger }));
      lifetime.start("data source groups", groups);
      lifetime.start("provisioning", provisioning);
      lifetime.start("provisioning of apps", appProvisioning);
      if (config.kubernetesAggregator) {
        const autoregister = autoregisterController({
          client,
          services: apiServiceInformer,
          sources: [registry, dataPlaneSource],
          sourcesAreComplete: () => !config.dataplaneAggregator || dataPlane.aggregator.hasSynced,
          clock,
          logger,
        });
        registry.onChange(() => autoregister.changed());
        if (config.dataplaneAggregator) dataPlane.aggregator.onChange(() => autoregister.changed());
        lifetime.start("autoregister", autoregister);
        lifetime.start("APIService availability", apiServiceAvailabilityController({ client, services: apiServiceInformer, clock, logger }));
        lifetime.start("APIServices", apiServiceInformer);
      }
      if (config.dataplaneAggregator) {
        registry.onChange(() => dataPlane.aggregator.rejudge());
        dataPlane.aggregator.onChange(() => access.sourcesChanged());
        dataPlane.start(lifetime);
        lifetime.start("DataPlaneServices", services);
      }
    },
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

/** For the same reason: by the time that an object is written, the data plane is there. */
const lateAdmission = (hook: () => AdmissionHook): AdmissionHook => ({
  mutate: (attributes, signal) => hook().mutate(attributes, signal),
  validate: (attributes, signal) => hook().validate(attributes, signal),
});
