import { type ApiClient, createApiClient } from "@dataplane/client";
import type { WhileLeading } from "@dataplane/controller";
import { type Clock, controlPlaneUser, type Handler, type HttpRequest, type HttpResponse, type Logger, unavailable } from "@dataplane/meta";
import type { Store } from "@dataplane/storage";
import type { AdmissionHook } from "./admission/admission-hook.js";
import { obeyingConfigurations } from "./admission/webhooks/obeying-configurations.js";
import { webhookAdmission } from "./admission/webhooks/webhook-admission.js";
import type { ApiSource } from "./api-source.js";
import type { Authorizer } from "./authz/authorizer.js";
import { withFilters } from "./chain/filter.js";
import { recoverPanics } from "./chain/recover-panics.js";
import { resolveRequestInfo } from "./chain/request-info.js";
import { compressed } from "./compress.js";
import { createDiscovery } from "./discovery/discovery-handler.js";
import { GarbageCollector } from "./garbage-collector/garbage-collector.js";
import { NamespaceLifecycle } from "./namespace-lifecycle/namespace-lifecycle.js";
import { createOpenApiHandler } from "./openapi/open-api-handler.js";
import { defaultBodyLimitBytes } from "./read-body.js";
import type { ResourceRegistry } from "./registry.js";
import { json } from "./render.js";
import { withStoreFailures } from "./store-failures.js";
import { serveResource, unknownResource } from "./verbs/serve-resource.js";
import type { VerbServices } from "./verbs/verb-call.js";
import { WatchCache } from "./watch-cache.js";
import { createWebhookClient } from "./webhook/https-webhook-client.js";
import { storedServices } from "./webhook/stored-services.js";
import type { WebhookClient } from "./webhook/webhook-client.js";

export interface ApiServerOptions {
  readonly store: Store;
  readonly registry: ResourceRegistry;
  /** Others whose groups discovery and OpenAPI show too. */
  readonly sources: readonly ApiSource[];
  readonly clock: Clock;
  readonly newUid: () => string;
  readonly logger: Logger;
  /** Who has a say in each write of a stored object, in this order: all that mutate, then all that validate. None unless told. */
  readonly admission?: readonly AdmissionHook[];
  /** Asked where a write turns out to need another right than its verb. Everybody may unless told. */
  readonly authorizer?: Authorizer;
  /** As the control plane, of the whole chain: what other sources hold in a namespace that goes is deleted by it. */
  readonly chain?: ApiClient;
  /** 3 MiB unless told. */
  readonly bodyLimitBytes?: number;
  readonly version: { readonly gitVersion: string; readonly major: string; readonly minor: string };
}

/**
 * The last server of the chain: resources of the registry, discovery (`/api`, `/apis`, aggregated v2), `/openapi/v2`, `/openapi/v3`,
 * `/version`; anything else is a 404 Status. Its requests have passed the filters: `context.info` and `context.user` are set.
 */
export interface ApiServer {
  readonly handler: Handler;
  /** Asks webhooks, also those behind Services that are stored here. */
  readonly webhooks: WebhookClient;
  /**
   * Lists all resources once, so that the first reads find warm caches; readyz waits for it. Then garbage is collected and namespaces
   * that are deleted are emptied, until `signal` aborts: by this server, or, of several on one store, by the one that leads.
   */
  start(signal: AbortSignal, whileLeading?: WhileLeading): Promise<void>;
}

export function createApiServer(options: ApiServerOptions): ApiServer {
  const { store, registry, clock, logger, newUid, version } = options;
  const cache = new WatchCache({ store, clock, logger });
  const hooks: AdmissionHook[] = [];
  const services: VerbServices = {
    store,
    cache,
    registry,
    clock,
    newUid,
    admission: hooks,
    ...(options.authorizer === undefined ? {} : { authorizer: options.authorizer }),
    bodyLimitBytes: options.bodyLimitBytes ?? defaultBodyLimitBytes,
  };
  const webhooks = createWebhookClient({ resolveService: storedServices(services) });
  // Webhooks come first: what they make of an object is what others are asked about.
  hooks.push(webhookAdmission({ webhooks, newUid, services, logger }), ...(options.admission ?? []));
  const sources = [registry, ...options.sources];
  const discovery = createDiscovery(sources);
  const openapi = createOpenApiHandler({ sources, version: version.gitVersion });

  const serve = async (request: HttpRequest): Promise<HttpResponse> => {
    const { info } = request.context;
    if (info === undefined) throw new Error("the request has not passed the filters");
    if (info.isResourceRequest) {
      const resource = registry.resolve(info.group, info.version, info.resource);
      if (resource === undefined || !isWhole(info)) throw unknownResource();
      if (cache.revision === 0n) throw unavailable("the store has not been read yet");
      return serveResource({ request, info, resource, services });
    }
    if (info.path === "/version" || info.path.startsWith("/version/")) return json(200, versionInfo(version));
    if (info.path.startsWith("/openapi/")) return openapi(request);
    const found = discovery(request);
    if (found === undefined) throw unknownResource();
    return found;
  };
  const answer = withStoreFailures(obeyingConfigurations(cache, serve));

  // For the server's own controllers: their writes pass admission like anyone's, and need no leave.
  const client = createApiClient({ handler: withFilters([recoverPanics(logger), resolveRequestInfo], answer), user: controlPlaneUser });

  return {
    webhooks,
    handler: async (request) => compressed(request, await answer(request)),
    start: async (signal, whileLeading) => {
      await cache.start(signal);
      const controllers = { cache, registry, sources, client, chain: options.chain ?? client, clock, logger };
      const begin: WhileLeading =
        whileLeading ??
        ((name, make) =>
          void make()
            .run(signal)
            .catch((error: unknown) => logger.error({ err: error, name }, "a controller of the API server broke")));
      begin("namespace lifecycle", () => new NamespaceLifecycle(controllers));
      begin("garbage collector", () => new GarbageCollector(controllers));
    },
  };
}

/** A path with more segments than a resource has is none of ours. */
const isWhole = ({ segments, namespace, name, subresource, resource }: NonNullable<HttpRequest["context"]["info"]>): boolean => {
  const prefix = namespace !== "" && !(segments[0] === "namespaces" && resource === "namespaces") ? 2 : 0;
  const parts = [resource, name, subresource].filter((part) => part !== "").length;
  return segments.length <= prefix + Math.max(parts, 1);
};

const versionInfo = ({ gitVersion, major, minor }: ApiServerOptions["version"]): object => ({
  major,
  minor,
  gitVersion,
  gitCommit: "",
  gitTreeState: "",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: `node ${process.version}`,
  compiler: "node",
  platform: `${process.platform}/${process.arch}`,
});
