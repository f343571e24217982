import { randomUUID } from "node:crypto";
import { dataPlaneServiceFrom, hooksByReview } from "@dataplane/aggregator";
import { filterChain, withFilters } from "@dataplane/apiserver";
import { createApiClient, parseJson, readText, send } from "@dataplane/client";
import { createClientset } from "@dataplane/clientset";
import { controlPlaneUser, dataPlaneUser, type Handler, TimeLimit, unavailable } from "@dataplane/meta";
import { openApiServerSide } from "../api-server-side.js";
import { appUrlOf } from "../app-url.js";
import type { ComposeOptions, Composition } from "../compose.js";
import { endWatches } from "../end-watches.js";
import { healthEndpoints, ping, waitingFor } from "../health-endpoints.js";
import type { HookCalls } from "../hook-calls.js";
import { certificateAuthenticator } from "../identity/certificate-authenticator.js";
import { extensionAuthenticationController } from "../identity/extension-authentication.js";
import { kubernetesLiveChecks, kubernetesReadyChecks } from "../kubernetes-checks.js";
import { openMetrics } from "../metrics/open-metrics.js";
import { alone, ElectedLeading } from "../servers/leading.js";
import { newServerId } from "../servers/server-record.js";
import { storeProblem } from "../store-health.js";
import type { Certificates } from "../tls/certificates.js";
import { noPlugins } from "./no-plugins.js";
import type { Peer } from "./part-of.js";
import { peerTransports } from "./peer-transport.js";
import { storedPlugins } from "./stored-plugins.js";

export interface ComposeApiServerOptions extends Omit<ComposeOptions, "plugins"> {
  readonly certificates: Certificates;
  /** Who has the plugins. */
  readonly aggregator: Peer;
}

const answerLimitBytes = 32 * 1024 * 1024;
const hookTimeoutMs = 30_000;

/** The API server with the store, for a process without plugins: those of another process are asked about objects. */
export function composeApiServer(options: ComposeApiServerOptions): Composition {
  const { config, certificates, clock, logger } = options;
  const stopping = new AbortController();
  const counting = openMetrics({ config, plugins: noPlugins });
  const chain: { complete?: Handler } = {};
  const inProcess: Handler = (request) => {
    if (chain.complete === undefined) throw new Error("the chain is not complete");
    return chain.complete(request);
  };
  const client = createApiClient({ handler: inProcess, user: controlPlaneUser });
  const dataPlaneServices = createClientset(createApiClient({ handler: inProcess, user: dataPlaneUser })).dataPlaneServices.informer({
    clock,
    logger,
  });
  const hooks = askedAt(options.aggregator, certificates, () =>
    dataPlaneServices.hasSynced ? dataPlaneServices.list().map(dataPlaneServiceFrom) : undefined,
  );
  const api = openApiServerSide({
    ...options,
    ...{
      client,
      dataPlaneServices,
      plugins: storedPlugins(dataPlaneServices),
      appUrl: appUrlOf(config),
      sources: [],
      isShared: options.shared !== undefined,
    },
    store: counting.meteredStore(options.store),
    hooks: config.dataplaneAggregator ? hooks : undefined,
  });
  const filters = filterChain({
    authenticator: certificateAuthenticator(certificates, config, api.authenticator),
    authorizer: api.authorizer,
    logger,
    newUid: randomUUID,
  });
  const served = counting.withEndpoint(api.handler);
  chain.complete = withFilters(filters, served);
  return {
    client,
    handler: healthEndpoints(
      {
        livez: [ping, ...kubernetesLiveChecks],
        readyz: [
          ping,
          ...kubernetesReadyChecks(
            (stage) => stage === "begun" || (stage === "apiServicesAreRead" ? api.progress.bootstrapped : api.progress[stage]),
            () => storeProblem(options.store),
          ),
          waitingFor("store", () => api.progress.storeIsRead),
          waitingFor("provisioning", () => api.progress.provisioned),
          waitingFor("shutdown", () => !stopping.signal.aborted),
        ],
      },
      counting.counted([...filters, endWatches(stopping.signal)], served, { registry: api.registry, aggregator: undefined }),
    ),
    stopAccepting: () => stopping.abort(),
    async start(lifetime) {
      // Before the first write: until they are known, everybody's say is asked for.
      dataPlaneServices.onChange(() => api.sourcesChanged());
      const elected = options.shared === undefined ? undefined : new ElectedLeading({ client, identity: newServerId(), clock, logger });
      const leading = elected ?? alone(lifetime);
      await api.start(lifetime, leading, () => {
        if (config.dataplaneAggregator) lifetime.start("DataPlaneServices", dataPlaneServices);
        return config.dataplaneAggregator ? Promise.race([dataPlaneServices.synced, clock.sleep(5_000)]) : Promise.resolve();
      });
      elected?.startIn(lifetime, stopping.signal);
      const { clientCa, requestHeaderCa } = certificates;
      const allowedNames = config.requestHeaderAllowedNames;
      leading.start("authentication of extension servers", () =>
        extensionAuthenticationController({ client, clientCa, requestHeaderCa, allowedNames, clock, logger }),
      );
    },
  };
}

function askedAt(peer: Peer, certificates: Certificates, services: Parameters<typeof hooksByReview>[0]["services"]): HookCalls {
  if (peer.url === "") {
    return hooksByReview({ services, post: () => Promise.reject(unavailable("plugins cannot be asked: [aggregator] url is not set", 30)) });
  }
  const transport = peerTransports(peer, certificates).as(controlPlaneUser);
  return hooksByReview({
    services,
    async post(path, query, review, signal) {
      const limit = new TimeLimit({ ms: hookTimeoutMs, signal });
      try {
        const content = { type: "application/json", value: review };
        const answer = await send(transport, { method: "POST", path, query, content, signal: limit.signal });
        return parseJson(await readText(answer.body, answerLimitBytes));
      } finally {
        limit.release();
      }
    },
  });
}
