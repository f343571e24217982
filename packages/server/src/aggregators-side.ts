import type { StoredResources } from "@dataplane/aggregator";
import type { ApiSource, Authorizer } from "@dataplane/apiserver";
import { manifestsOnDiskController } from "@dataplane/app-manifests";
import { type ApiClient, createInformer, type Informer } from "@dataplane/client";
import {
  type AutoregisterController,
  apiServiceAvailabilityController,
  apiServicesRef,
  autoregisterController,
  createKubeAggregator,
  externalNamesRef,
  type FrontProxyCredentials,
  type GroupServer,
  httpsTransport,
  RemoteGroups,
  type RemoteTransport,
  servicesRef,
  storedServiceResolver,
} from "@dataplane/kube-aggregator";
import { type ApiObject, aborted, type Clock, type GroupVersion, type Handler, type Logger, type Metrics } from "@dataplane/meta";
import type { PluginProblem, PluginSource } from "@dataplane/plugin-host";
import type { Config } from "./config/load-config.js";
import { type DataPlane, openDataPlane } from "./data-plane.js";
import type { HookCalls } from "./hook-calls.js";
import type { Lifetime, Runnable } from "./lifetime.js";
import { remoteServicesFile } from "./remote-services-file.js";
import { type Leading, whileLeading } from "./servers/leading.js";
import type { Servers } from "./servers/open-servers.js";

/** What the API server behind serves: in this process by its registry, at another by its discovery. */
export interface LocalResources {
  /** For the routes of the data plane, which must not hide it. */
  stored(isRemote: StoredResources["isRemote"]): StoredResources;
  /** For APIServices, one a group and version. */
  readonly source: ApiSource;
  /** False while it is not known yet; known from the start unless told. */
  readonly hasSynced?: boolean;
  /** Calls back after it changed. */
  onChange(listener: () => void): unknown;
}

export interface AggregatorsSideOptions {
  readonly config: Config;
  /** The API server behind. */
  readonly delegate: Handler;
  readonly local: LocalResources;
  /** Where the API server behind is another process: APIServices of what it serves name it. */
  readonly apiServer?: GroupServer;
  readonly plugins: PluginSource;
  /** Of this process, whose folders have manifests; the same as `plugins` unless told. */
  readonly localPlugins?: PluginSource;
  /** Other servers of the same store; there are none when absent. */
  readonly servers?: Pick<Servers, "owners" | "fanOut" | "isElsewhere">;
  /** Resolves when all plugins that are on disk are listed. */
  readonly pluginsAreFound: Promise<void>;
  /** Plugins that are on disk and were not loaded, and why. */
  readonly pluginProblems: () => readonly PluginProblem[];
  readonly authorizer: Authorizer;
  /** As the control plane, and as the data plane itself: clients of the whole chain, or of the API server behind. */
  readonly client: ApiClient;
  readonly dataPlaneClient: ApiClient;
  /** Of DataPlaneServices; run by the caller. */
  readonly dataPlaneServices: Informer<ApiObject>;
  /** What API servers behind APIServices know this server by, now. */
  readonly frontProxy: () => FrontProxyCredentials;
  readonly appUrl: string;
  readonly reloadProvisioning: (kind: "datasources" | "plugins") => Promise<void>;
  /** Aborts when the server begins to stop: streams end. */
  readonly stopping: AbortSignal;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The servers before the API server: GrafanaAggregator with the plugins' routes, Grafana's older paths and Live, then KubeAggregator.
 * They store nothing, and know the world through their clients alone.
 */
export interface AggregatorsSide {
  /** Behind the filters. */
  readonly handler: Handler;
  /** Undefined when there is no data plane. */
  readonly dataPlane: DataPlane | undefined;
  readonly hooks: HookCalls | undefined;
  readonly apiServices: Informer<ApiObject>;
  /** True for a group and version of a remote APIService. */
  readonly isRemote: (groupVersion: GroupVersion) => boolean;
  /** What API servers behind APIServices serve, as they were last seen. */
  readonly remoteGroups: RemoteGroups;
  /** True once the APIServices are known, or none are obeyed here. */
  readonly apiServicesAreRead: boolean;
  /** Starts the controllers and the informer of APIServices. */
  start(lifetime: Lifetime, leading: Leading): void;
}

export function openAggregatorsSide(options: AggregatorsSideOptions): AggregatorsSide {
  const { config, client, local, clock, logger } = options;
  const apiServices = createInformer({ client, resource: apiServicesRef, clock, logger });
  const services = createInformer<ApiObject>({ client, resource: servicesRef, clock, logger });
  const externalNames = createInformer<ApiObject>({ client, resource: externalNamesRef, clock, logger });
  const resolver = storedServiceResolver({ services, externalNames });
  const transport = httpsTransport({ resolver, credentials: options.frontProxy });
  const remoteGroups = new RemoteGroups();
  const kubeAggregator = createKubeAggregator({
    ...{ delegate: options.delegate, services: apiServices, transport },
    ...(options.apiServer === undefined ? {} : { ownService: options.apiServer.service }),
  });
  const delegate = config.kubernetesAggregator ? kubeAggregator.handler : options.delegate;
  const dataPlane = config.dataplaneAggregator
    ? openDataPlane({
        ...options,
        delegate,
        stored: local.stored((groupVersion) => kubeAggregator.isRemote(groupVersion)),
        services: options.dataPlaneServices,
      })
    : undefined;

  const makeAutoregister = (): AutoregisterController =>
    autoregisterController({
      client,
      services: apiServices,
      sources: [local.source, ...(dataPlane === undefined ? [] : [dataPlane.aggregator.apiSource])],
      ...(options.apiServer === undefined ? {} : { servedBy: { source: local.source, server: options.apiServer } }),
      sourcesAreComplete: () => local.hasSynced !== false && dataPlane?.aggregator.hasSynced !== false,
      clock,
      logger,
    });

  const startKubeAggregator = (lifetime: Lifetime, leading: Leading): void => {
    const autoregister = leading.start("autoregister", makeAutoregister);
    local.onChange(() => autoregister.current?.changed());
    dataPlane?.aggregator.onChange(() => autoregister.current?.changed());
    const availability = apiServiceAvailabilityController({ client, services: apiServices, transport, remoteGroups, clock, logger });
    resolver.onChange((service) => availability.lookAgain(service));
    lifetime.start("APIService availability", { run: (signal) => availability.run(signal, whileLeading(leading)) });
    lifetime.start("connections to API servers behind", untilClosed(transport));
    if (config.remoteServicesFile !== "") {
      lifetime.start("remote services file", remoteServicesFile({ client, file: config.remoteServicesFile, clock, logger }));
    }
    lifetime.start("Services", services);
    lifetime.start("ExternalNames", externalNames);
    lifetime.start("APIServices", apiServices);
  };

  return {
    handler: dataPlane?.handler ?? delegate,
    dataPlane,
    hooks: dataPlane?.hooks,
    apiServices,
    isRemote: (groupVersion) => kubeAggregator.isRemote(groupVersion),
    remoteGroups,
    get apiServicesAreRead() {
      return !config.kubernetesAggregator || apiServices.hasSynced;
    },
    start(lifetime, leading) {
      const onDisk = {
        ...{ client, plugins: options.localPlugins ?? options.plugins, found: options.pluginsAreFound, clock, logger },
        ...(options.servers === undefined ? {} : { isElsewhere: options.servers.isElsewhere }),
      };
      lifetime.start("app manifests on disk", manifestsOnDiskController(onDisk));
      if (config.kubernetesAggregator) startKubeAggregator(lifetime, leading);
      if (dataPlane === undefined) return;
      local.onChange(() => dataPlane.aggregator.rejudge());
      dataPlane.start(lifetime, leading);
    },
  };
}

const untilClosed = (transport: RemoteTransport): Runnable => ({
  async run(signal) {
    await aborted(signal);
    await transport.close();
  },
});
