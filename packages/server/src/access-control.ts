import type { ApiSource, Authorizer } from "@dataplane/apiserver";
import type { ApiClient } from "@dataplane/client";
import { aborted, type Clock, type Logger } from "@dataplane/meta";
import { clusterRoleAggregationController, createRbac, type RuleResolver, reconcileDefaults, servedRolesController } from "@dataplane/rbac";
import type { Lifetime } from "./lifetime.js";

export interface AccessControlOptions {
  /** As the control plane. */
  readonly client: ApiClient;
  /** All who serve groups. */
  readonly sources: readonly ApiSource[];
  /** False where somebody else, who knows all that is served, keeps the roles for it. */
  readonly keepsServedRoles: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Who may do what: roles and bindings, the default ones among them, and the controllers that keep some of them up to date. */
export interface AccessControl {
  readonly authorizer: Authorizer;
  readonly resolver: RuleResolver;
  /** Other groups are served now. */
  sourcesChanged(): void;
  /** Resolves when the default roles are whole, and requests are decided by them. */
  start(lifetime: Lifetime): Promise<void>;
}

export function openAccessControl({ client, sources, keepsServedRoles, clock, logger }: AccessControlOptions): AccessControl {
  const rbac = createRbac({ client, clock, logger });
  const { authorizer, resolver, clusterRoles } = rbac;
  const parts = { client, clusterRoles, clock, logger };
  const aggregation = clusterRoleAggregationController(parts);
  const servedRoles = servedRolesController({ ...parts, sources });
  return {
    authorizer,
    resolver,
    sourcesChanged: () => servedRoles.changed(),
    async start(lifetime) {
      await reconcileDefaults(client);
      lifetime.start("roles and bindings", rbac);
      await Promise.race([rbac.synced, aborted(lifetime.signal)]);
      lifetime.start("ClusterRole aggregation", aggregation);
      if (keepsServedRoles) {
        lifetime.start("served roles", servedRoles);
        await servedRoles.settled();
      }
      await aggregation.settled();
    },
  };
}
