import type { Authorizer, PrepareInput } from "@dataplane/apiserver";
import { ApiError, type ApiObject, type RequestInfo, systemGroups, type UserInfo } from "@dataplane/meta";
import { aggregationRuleOf, type PolicyRule, type RoleRef, rbacGroup, rbacVersion, roleRefOf, rulesOf } from "./policy-rule.js";
import { describeRule, missingRights, quotedList } from "./rule-covers.js";

/** Which rules hold for whom, and which a role has. */
export interface RuleResolver {
  rulesFor(user: UserInfo, namespace: string): readonly PolicyRule[];
  /** Throws NotFound when there is no such role. */
  rulesOfRole(ref: RoleRef, namespace: string): readonly PolicyRule[];
}

type Write = Pick<PrepareInput<ApiObject>, "object" | "old" | "user" | "request">;

/** Nobody gives what they do not have (https://kubernetes.io/docs/reference/access-authn-authz/rbac/#privilege-escalation-prevention-and-bootstrapping). */
export interface EscalationGuard {
  /** Throws Forbidden unless the writer has all rights of the role, or may `escalate` it. */
  requireMayWriteRole(plural: "roles" | "clusterroles", write: Write): Promise<void>;
  /** Throws Forbidden unless the writer has all rights of the bound role, or may `bind` it; NotFound when there is no such role. */
  requireMayBind(plural: "rolebindings" | "clusterrolebindings", write: Write): Promise<void>;
}

export interface EscalationOptions {
  readonly authorizer: Pick<Authorizer, "authorize">;
  readonly resolver: RuleResolver;
}

/** An error must not carry a body back. */
const mostListed = 100;

const fullAuthority: readonly PolicyRule[] = [
  { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
  { verbs: ["*"], nonResourceURLs: ["*"] },
];

export function escalationGuard({ authorizer, resolver }: EscalationOptions): EscalationGuard {
  const may = async (user: UserInfo, asked: Pick<RequestInfo, "verb" | "resource" | "name" | "namespace">): Promise<boolean> => {
    const target = { isResourceRequest: true, path: "", group: rbacGroup, version: rbacVersion, subresource: "", segments: [] };
    return (await authorizer.authorize(user, { ...target, ...asked })).allowed;
  };

  return {
    async requireMayWriteRole(plural, { object, old, request, ...write }) {
      const user = boundByRules(write.user);
      if (user === undefined || onlyHoldsChange(object, old)) return;
      const { name, namespace = "" } = object.metadata;
      if (await may(user, { verb: "escalate", resource: plural, name: request === "create" ? "" : name, namespace })) return;
      const held = resolver.rulesFor(user, namespace);
      requireHeld(user, held, rulesOf(object), { plural, name });
      const aggregates = [object, ...(old === undefined ? [] : [old])].some((role) => aggregationRuleOf(role) !== undefined);
      // What it gathers may be anything.
      if (aggregates && missingRights(held, fullAuthority).length > 0)
        throw forbidden({ plural, name }, "must have cluster-admin privileges to use the aggregationRule");
    },

    async requireMayBind(plural, { object, old, ...write }) {
      const user = boundByRules(write.user);
      if (user === undefined || onlyHoldsChange(object, old)) return;
      const ref = roleRefOf(object);
      // Validation refuses anything else.
      if (ref.kind !== "Role" && ref.kind !== "ClusterRole") return;
      const { name, namespace = "" } = object.metadata;
      if (await may(user, { verb: "bind", resource: ref.kind === "Role" ? "roles" : "clusterroles", name: ref.name, namespace })) return;
      requireHeld(user, resolver.rulesFor(user, namespace), resolver.rulesOfRole(ref, namespace), { plural, name });
    },
  };
}

/** Undefined for code in this process that sets no user, and for the superusers, whom no rule binds. */
const boundByRules = (user: UserInfo | undefined): UserInfo | undefined => (user?.groups.includes(systemGroups.masters) === true ? undefined : user);

interface Target {
  readonly plural: string;
  readonly name: string;
}

function requireHeld(user: UserInfo, held: readonly PolicyRule[], wanted: readonly PolicyRule[], target: Target): void {
  const missing = missingRights(held, wanted);
  if (missing.length === 0) return;
  const rules = missing.slice(0, mostListed).map(describeRule).sort().join("\n");
  const who = `user ${JSON.stringify(user.name)} (groups=${quotedList(user.groups)})`;
  throw forbidden(target, `${who} is attempting to grant RBAC permissions not currently held:\n${rules}`);
}

const forbidden = ({ plural, name }: Target, why: string): ApiError =>
  new ApiError("Forbidden", `${plural}.${rbacGroup} ${JSON.stringify(name)} is forbidden: ${why}`, {
    details: { name, group: rbacGroup, kind: plural },
  });

/** A write by the garbage collector, which changes finalizers and owners alone, gives nothing to anyone. */
function onlyHoldsChange(object: ApiObject, old: ApiObject | undefined): boolean {
  return old !== undefined && JSON.stringify(withoutHolds(object)) === JSON.stringify(withoutHolds(old));
}

function withoutHolds(object: ApiObject): object {
  const { finalizers: _f, ownerReferences: _o, managedFields: _m, resourceVersion: _r, generation: _g, ...metadata } = object.metadata;
  const { metadata: _, ...rest } = object;
  return { metadata: sorted(metadata), rest: sorted(rest) };
}

const sorted = (value: object): object => Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
