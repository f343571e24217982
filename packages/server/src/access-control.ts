import type { ApiSource, Authorizer } from "@dataplane/apiserver";
import type { ApiClient } from "@dataplane/client";
import { aborted, type Clock, type Logger } from "@dataplane/meta";
import {
  clusterRoleAggregationController,
  createRbac,
  type RuleResolver,
  reconcileDefaults,
  type ServedRolesController,
  servedRolesController,
} from "@dataplane/rbac";
import type { Lifetime } from "./lifetime.js";
import type { Current, Leading } from "./servers/leading.js";
import { whenStoreAnswers } from "./when-store-answers.js";

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
  /** Resolves when the default roles are whole, where this server leads, and requests are decided by them. */
  start(lifetime: Lifetime, leading: Leading): Promise<void>;
}

export function openAccessControl({ client, sources, keepsServedRoles, clock, logger }: AccessControlOptions): AccessControl {
  const rbac = createRbac({ client, clock, logger });
  const { authorizer, resolver, clusterRoles } = rbac;
  const parts = { client, clusterRoles, clock, logger };
  let servedRoles: Current<ServedRolesController> | undefined;
  return {
    authorizer,
    resolver,
    sourcesChanged: () => servedRoles?.current?.changed(),
    async start(lifetime, leading) {
      await whenStoreAnswers(() => reconcileDefaults(client), { clock, signal: lifetime.signal });
      lifetime.start("roles and bindings", rbac);
      await Promise.race([rbac.synced, aborted(lifetime.signal)]);
      const aggregation = leading.start("ClusterRole aggregation", () => clusterRoleAggregationController(parts));
      if (keepsServedRoles) servedRoles = leading.start("served roles", () => servedRolesController({ ...parts, sources }));
      await servedRoles?.current?.settled();
      await aggregation.current?.settled();
    },
  };
}
