import type { Authorizer, ResourceDefinition, Rules } from "@dataplane/apiserver";
import { type ApiClient, createInformer, type Informer } from "@dataplane/client";
import { type ApiObject, type Clock, type Logger, unavailable } from "@dataplane/meta";
import { bindingResources } from "./binding-resources.js";
import { builtInDecision } from "./built-in-rules.js";
import { escalationGuard, type RuleResolver } from "./escalation.js";
import type { PolicyRule } from "./policy-rule.js";
import { RbacIndex } from "./rbac-index.js";
import { clusterRoleBindingsRef, clusterRolesRef, roleBindingsRef, rolesRef } from "./resource-refs.js";
import { roleResources } from "./role-resources.js";

/** So long a request waits for roles and bindings to be read once; then it is 503. */
const patienceMs = 5_000;

export interface RbacOptions {
  /** As the control plane: it reads roles and bindings before any of them can allow it. */
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Rights by roles and bindings (https://kubernetes.io/docs/reference/access-authn-authz/rbac/). */
export interface Rbac {
  readonly authorizer: Authorizer;
  readonly resolver: RuleResolver;
  /** Of ClusterRoles; run by this. */
  readonly clusterRoles: Informer<ApiObject>;
  /** Resolves when all roles and bindings have been read once. */
  readonly synced: Promise<void>;
  /** Follows roles and bindings until `signal` aborts. Once only. */
  run(signal: AbortSignal): Promise<void>;
}

export function createRbac({ client, clock, logger }: RbacOptions): Rbac {
  const informerOf = (resource: typeof rolesRef): Informer<ApiObject> => createInformer<ApiObject>({ client, resource, clock, logger });
  const roles = informerOf(rolesRef);
  const clusterRoles = informerOf(clusterRolesRef);
  const roleBindings = informerOf(roleBindingsRef);
  const clusterRoleBindings = informerOf(clusterRoleBindingsRef);
  const informers = [roles, clusterRoles, roleBindings, clusterRoleBindings];

  // Made when a request needs it: a thousand changes in a row cost one index.
  let current: RbacIndex | undefined;
  for (const informer of informers)
    informer.onChange(() => {
      current = undefined;
    });
  const index = (): RbacIndex => {
    current ??= new RbacIndex({
      roles: roles.list(),
      clusterRoles: clusterRoles.list(),
      roleBindings: roleBindings.list(),
      clusterRoleBindings: clusterRoleBindings.list(),
    });
    return current;
  };

  const isSynced = (): boolean => informers.every(({ hasSynced }) => hasSynced);
  const synced = Promise.all(informers.map((informer) => informer.synced)).then(() => undefined);
  const waited = async (): Promise<RbacIndex> => {
    await Promise.race([synced, clock.sleep(patienceMs)]);
    if (!isSynced()) throw unavailable("roles and bindings have not been read yet");
    return index();
  };

  return {
    authorizer: {
      authorize(user, info) {
        const decision = builtInDecision(user, info);
        if (decision !== undefined) return decision;
        return isSynced() ? index().decide(user, info) : waited().then((read) => read.decide(user, info));
      },
      rules: (user, namespace = "") => asRules(isSynced() ? index().rulesFor(user, namespace) : undefined),
    },
    resolver: {
      rulesFor: (user, namespace) => index().rulesFor(user, namespace),
      rulesOfRole: (ref, namespace) => index().rulesOfRole(ref, namespace),
    },
    clusterRoles,
    synced,
    async run(signal) {
      await Promise.all(informers.map((informer) => informer.run(signal)));
    },
  };
}

/** Role, ClusterRole, RoleBinding and ClusterRoleBinding, guarded against escalation. */
export function rbacResources({ authorizer, resolver }: Pick<Rbac, "authorizer" | "resolver">): readonly ResourceDefinition[] {
  const guard = escalationGuard({ authorizer, resolver });
  return [...roleResources(guard), ...bindingResources(guard)];
}

function asRules(rules: readonly PolicyRule[] | undefined): Rules {
  const known = rules ?? [];
  return {
    resources: known.flatMap(({ verbs, apiGroups = [], resources = [], resourceNames = [] }) =>
      resources.length === 0 ? [] : [{ verbs, groups: apiGroups, resources, ...(resourceNames.length === 0 ? {} : { names: resourceNames }) }],
    ),
    paths: known.flatMap(({ verbs, nonResourceURLs = [] }) => (nonResourceURLs.length === 0 ? [] : [{ verbs, paths: nonResourceURLs }])),
    ...(rules === undefined ? { incomplete: true } : {}),
  };
}
