import type { Clock, Handler, Logger } from "@dataplane/meta";
import type { Store } from "@dataplane/storage";
import type { ApiSource } from "./api-source.js";
import type { ResourceRegistry } from "./registry.js";

export interface ApiServerOptions {
  readonly store: Store;
  readonly registry: ResourceRegistry;
  /** Others whose groups discovery and OpenAPI show too. */
  readonly sources: readonly ApiSource[];
  readonly clock: Clock;
  readonly newUid: () => string;
  readonly logger: Logger;
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
  /** Lists all resources once, so that the first reads find warm caches; readyz waits for it. */
  start(signal: AbortSignal): Promise<void>;
}
