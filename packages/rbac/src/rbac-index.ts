import { type ApiObject, notFound, type RequestInfo, type UserInfo } from "@dataplane/meta";
import { type PolicyRule, type RoleRef, rbacGroup, roleRefOf, rulesOf, type Subject, subjectsOf } from "./policy-rule.js";
import { RuleMatcher } from "./rule-matches.js";

/** The objects that decide, at one moment. */
export interface RbacObjects {
  readonly roles: readonly ApiObject[];
  readonly clusterRoles: readonly ApiObject[];
  readonly roleBindings: readonly ApiObject[];
  readonly clusterRoleBindings: readonly ApiObject[];
}

export interface RbacDecision {
  readonly allowed: boolean;
  /** Which binding allowed it; of a refusal which roles are bound and do not exist. */
  readonly reason: string;
}

/** One subject's share of a binding. */
interface Grant {
  readonly binding: ApiObject;
  readonly ref: RoleRef;
  readonly subject: Subject;
  /** Undefined when the role does not exist. */
  readonly rules: readonly RuleMatcher[] | undefined;
}

/** Of requests without a query the same object comes again; of others each one is new, and in vain here. */
const mostDecided = 1_000;

type GrantsBySubject = ReadonlyMap<string, readonly Grant[]>;

/** All roles and bindings, by subject: a decision looks at the caller's own bindings alone. Immutable; a change makes another one. */
export class RbacIndex {
  readonly #clusterWide: GrantsBySubject;
  readonly #byNamespace: ReadonlyMap<string, GrantsBySubject>;
  readonly #roles: ReadonlyMap<string, readonly RuleMatcher[]>;
  readonly #decided = new Map<RequestInfo, { readonly user: UserInfo; readonly decision: RbacDecision }>();

  constructor({ roles, clusterRoles, roleBindings, clusterRoleBindings }: RbacObjects) {
    this.#roles = new Map(
      [...clusterRoles, ...roles].map((role) => [
        roleKey(role.metadata.namespace ?? "", role.metadata.name),
        rulesOf(role).map((it) => new RuleMatcher(it)),
      ]),
    );
    this.#clusterWide = this.#grantsOf(clusterRoleBindings);
    this.#byNamespace = new Map([...byNamespace(roleBindings)].map(([namespace, bindings]) => [namespace, this.#grantsOf(bindings)]));
  }

  /** The same user who asks for the same again is told the same: both are never changed, and neither is what decides. */
  decide(user: UserInfo, info: RequestInfo): RbacDecision {
    const known = this.#decided.get(info);
    if (known?.user === user) return known.decision;
    const decision = this.#decide(user, info);
    if (this.#decided.size >= mostDecided) this.#decided.clear();
    this.#decided.set(info, { user, decision });
    return decision;
  }

  #decide(user: UserInfo, info: RequestInfo): RbacDecision {
    const missing = new Set<string>();
    for (const grant of this.#grants(user, info.namespace)) {
      if (grant.rules === undefined) missing.add(describeMissing(grant.ref));
      else if (grant.rules.some((rule) => rule.allows(info))) return { allowed: true, reason: `RBAC: allowed by ${describeGrant(grant)}` };
    }
    if (missing.size === 0) return { allowed: false, reason: "" };
    const texts = [...missing];
    return { allowed: false, reason: `RBAC: ${texts.length === 1 ? (texts[0] ?? "") : `[${texts.join(", ")}]`}` };
  }

  /** All rules that hold for the user in the namespace; at the cluster scope with an empty one. */
  rulesFor(user: UserInfo, namespace: string): readonly PolicyRule[] {
    return [...this.#grants(user, namespace)].flatMap(({ rules = [] }) => rules.map(({ rule }) => rule));
  }

  /** The rules of a role that a binding in `namespace` names. Throws NotFound. */
  rulesOfRole({ kind, name }: RoleRef, namespace: string): readonly PolicyRule[] {
    const found = this.#roles.get(roleKey(kind === "Role" ? namespace : "", name));
    if (found === undefined) throw notFound(kind === "Role" ? "roles" : "clusterroles", name, rbacGroup);
    return found.map(({ rule }) => rule);
  }

  *#grants({ name, groups }: UserInfo, namespace: string): Generator<Grant> {
    const subjects = [userKey(name), ...new Set(groups.map(groupKey))];
    for (const subject of subjects) yield* this.#clusterWide.get(subject) ?? [];
    const local = namespace === "" ? undefined : this.#byNamespace.get(namespace);
    if (local !== undefined) for (const subject of subjects) yield* local.get(subject) ?? [];
  }

  #grantsOf(bindings: readonly ApiObject[]): GrantsBySubject {
    const grants = new Map<string, Grant[]>();
    for (const binding of bindings) {
      const namespace = namespaceOf(binding);
      const ref = roleRefOf(binding);
      const rules = this.#roles.get(roleKey(ref.kind === "Role" ? namespace : "", ref.name));
      for (const subject of subjectsOf(binding)) {
        const key = keyOf(subject, namespace);
        if (key === undefined) continue;
        const grant = { binding, ref, subject, rules };
        const known = grants.get(key);
        if (known === undefined) grants.set(key, [grant]);
        else known.push(grant);
      }
    }
    return grants;
  }
}

const namespaceOf = ({ metadata }: ApiObject): string => metadata.namespace ?? "";

const roleKey = (namespace: string, name: string): string => `${namespace}/${name}`;
const userKey = (name: string): string => `u:${name}`;
const groupKey = (name: string): string => `g:${name}`;

/** A ServiceAccount is the user that its tokens speak for. */
function keyOf({ kind, name, namespace: its = "" }: Subject, bindingNamespace: string): string | undefined {
  if (kind === "User") return userKey(name);
  if (kind === "Group") return groupKey(name);
  const namespace = its === "" ? bindingNamespace : its;
  return kind === "ServiceAccount" && namespace !== "" ? userKey(`system:serviceaccount:${namespace}:${name}`) : undefined;
}

const describeMissing = ({ kind, name }: RoleRef): string => `${kind.toLowerCase()}.${rbacGroup} ${JSON.stringify(name)} not found`;

/** As kube-apiserver says it: why something is allowed. */
function describeGrant({ binding, ref: { kind, name }, subject }: Grant): string {
  const namespace = namespaceOf(binding);
  const ours = namespace === "" ? "ClusterRoleBinding" : "RoleBinding";
  const full = namespace === "" ? binding.metadata.name : `${binding.metadata.name}/${namespace}`;
  const whom = subject.kind === "ServiceAccount" ? `${subject.name}/${subject.namespace ?? namespace}` : subject.name;
  return `${ours} ${JSON.stringify(full)} of ${kind} ${JSON.stringify(name)} to ${subject.kind} ${JSON.stringify(whom)}`;
}

function byNamespace(bindings: readonly ApiObject[]): ReadonlyMap<string, readonly ApiObject[]> {
  const groups = new Map<string, ApiObject[]>();
  for (const binding of bindings) {
    const known = groups.get(namespaceOf(binding));
    if (known === undefined) groups.set(namespaceOf(binding), [binding]);
    else known.push(binding);
  }
  return groups;
}
