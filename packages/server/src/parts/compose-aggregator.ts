import { randomUUID } from "node:crypto";
import { hookReviewsHandler } from "@dataplane/aggregator";
import { createDiscovery, createOpenApiHandler, filterChain } from "@dataplane/apiserver";
import { createTransportClient } from "@dataplane/client";
import { createClientset } from "@dataplane/clientset";
import { ApiError, type Clock, controlPlaneUser, dataPlaneUser, type Handler, type Logger, type RequestInfo } from "@dataplane/meta";
import type { PluginHost } from "@dataplane/plugin-host";
import { createRbac, servedRolesController } from "@dataplane/rbac";
import { openAggregatorsSide } from "../aggregators-side.js";
import { appUrlOf } from "../app-url.js";
import type { Composition } from "../compose.js";
import type { Config } from "../config/load-config.js";
import { endWatches } from "../end-watches.js";
import { healthEndpoints, ping, waitingFor } from "../health-endpoints.js";
import { certificateAuthenticator } from "../identity/certificate-authenticator.js";
import { kubernetesLiveChecks } from "../kubernetes-checks.js";
import { openMetrics, watchAvailability } from "../metrics/open-metrics.js";
import { alone } from "../servers/leading.js";
import type { Certificates } from "../tls/certificates.js";
import { version } from "../version.js";
import { type ApiServerDiscovery, apiServerDiscovery } from "./api-server-discovery.js";
import { apiServerService, keepApiServerService } from "./api-server-service.js";
import { askingAuthenticator } from "./asking-authenticator.js";
import { delegateToPeer } from "./delegate-to-peer.js";
import type { Peer } from "./part-of.js";
import { peerTransports } from "./peer-transport.js";

export interface ComposeAggregatorOptions {
  readonly config: Config;
  readonly certificates: Certificates;
  /** Who has the store. */
  readonly apiServer: Peer;
  readonly plugins: PluginHost;
  readonly clock: Clock;
  readonly logger: Logger;
}

const bodyLimitBytes = 16 * 1024 * 1024;

/** The aggregators with the plugins, for a process without a store: all is read from the API server of another process, and written there. */
export function composeAggregator(options: ComposeAggregatorOptions): Composition {
  const { config, certificates, plugins, clock, logger } = options;
  const stopping = new AbortController();
  const counting = openMetrics({ config, plugins });
  const transports = peerTransports(options.apiServer, certificates);
  const asControlPlane = transports.as(controlPlaneUser);
  const client = createTransportClient(asControlPlane);
  const dataPlaneClient = createTransportClient(transports.as(dataPlaneUser));
  const dataPlaneServices = createClientset(dataPlaneClient).dataPlaneServices.informer({ clock, logger });
  const rbac = createRbac({ client, clock, logger });
  const discovery = apiServerDiscovery({ transport: asControlPlane, clock, logger });
  const documents: { handler: Handler } = { handler: delegateToPeer(transports.trusted) };
  const aggregators = openAggregatorsSide({
    ...{ config, client, dataPlaneClient, dataPlaneServices, clock, logger, local: discovery },
    apiServer: apiServerService(options.apiServer),
    appUrl: appUrlOf(config),
    authorizer: rbac.authorizer,
    frontProxy: () => certificates.frontProxy.current,
    delegate: (request) => documents.handler(request),
    plugins: counting.metered(plugins),
    pluginsAreFound: plugins.found,
    pluginProblems: () => plugins.problems(),
    reloadProvisioning: () =>
      Promise.reject(new ApiError("NotImplemented", "provisioning files are read by the API server, which looks at them when they change")),
    metrics: counting.metrics,
    stopping: stopping.signal,
  });
  const routes = aggregators.dataPlane?.aggregator;
  const sources = [...(routes === undefined ? [] : [routes.apiSource]), discovery.source, aggregators.remoteGroups];
  documents.handler = withDocuments(sources, discovery, delegateToPeer(transports.trusted));
  watchAvailability(counting.metrics, { apiServices: aggregators.apiServices, dataPlaneServices });

  const filters = filterChain({
    authenticator: certificateAuthenticator(certificates, config, askingAuthenticator({ transport: transports.plain, clock })),
    authorizer: rbac.authorizer,
    logger,
    newUid: randomUUID,
  });
  const hooked =
    aggregators.hooks === undefined
      ? aggregators.handler
      : hookReviewsHandler({ ...aggregators.hooks, bodyLimitBytes, delegate: aggregators.handler });
  const served = counting.withEndpoint(hooked);
  const stored = discovery.stored(() => false);
  const state = { rolesAreRead: false };
  void rbac.synced.then(() => {
    state.rolesAreRead = true;
  });
  return {
    client,
    handler: healthEndpoints(
      {
        livez: [ping, ...kubernetesLiveChecks],
        readyz: [
          ping,
          waitingFor("apiserver", () => discovery.hasSynced && discovery.isReachable),
          waitingFor("roles", () => state.rolesAreRead),
          waitingFor("apiservices", () => aggregators.apiServicesAreRead),
          ...(routes === undefined ? [] : [waitingFor("dataplane-routes", () => routes.hasSynced)]),
          waitingFor("shutdown", () => !stopping.signal.aborted),
        ],
      },
      counting.counted([...filters, endWatches(stopping.signal)], served, {
        registry: { get: (group, groupVersion, resource) => (stored.hasResource(group, groupVersion, resource) ? true : undefined) },
        aggregator: routes,
      }),
    ),
    stopAccepting: () => stopping.abort(),
    start(lifetime) {
      const servedRoles = servedRolesController({ client, clusterRoles: rbac.clusterRoles, sources, clock, logger });
      discovery.onChange(() => servedRoles.changed());
      aggregators.remoteGroups.onChange(() => servedRoles.changed());
      routes?.onChange(() => servedRoles.changed());
      routes?.onWrite((info) => (changesWhatIsServed(info) ? discovery.look().catch(() => undefined) : Promise.resolve()));
      lifetime.start("discovery of the API server", discovery);
      lifetime.start("Service of the API server", keepApiServerService({ client, apiServer: options.apiServer, clock, logger }));
      lifetime.start("roles and bindings", rbac);
      lifetime.start("served roles", servedRoles);
      aggregators.start(lifetime, alone(lifetime));
      if (routes !== undefined) lifetime.start("DataPlaneServices", dataPlaneServices);
      return Promise.resolve();
    },
  };
}

const declaring = new Set(["customresourcedefinitions", "appmanifests", "dataplaneservices"]);
const changesWhatIsServed = ({ resource }: RequestInfo): boolean => declaring.has(resource);

/** Discovery and OpenAPI of both servers; until the other one was asked, its own. */
function withDocuments(sources: Parameters<typeof createDiscovery>[0], discovery: ApiServerDiscovery, delegate: Handler): Handler {
  const discover = createDiscovery(sources);
  const openapi = createOpenApiHandler({ sources, version: version.kubernetes.gitVersion });
  return async (request) => {
    const { info } = request.context;
    const isDocument = info?.isResourceRequest === false && discovery.hasSynced && (request.method === "GET" || request.method === "HEAD");
    if (!isDocument) return delegate(request);
    if (info.path.startsWith("/openapi/")) return openapi(request);
    return discover(request) ?? delegate(request);
  };
}
