import type { ApiClient, ResourceRef } from "@dataplane/client";
import { ApiError, type ApiObject } from "@dataplane/meta";
import { type DefaultNamespacedRole, defaultNamespacedRoles } from "./default-namespaced-roles.js";
import { aggregationLabel, type DefaultBinding, type DefaultRole, defaultBindings, defaultRoles } from "./default-roles.js";
import { aggregationRuleOf, rbacApiVersion, rbacGroup, roleRefOf, rulesOf, subjectsOf } from "./policy-rule.js";
import { clusterRoleBindingsRef, clusterRolesRef, rolesRef } from "./resource-refs.js";
import { missingRights } from "./rule-covers.js";

/** Set to "false" by whoever wants a default to stay as they changed it. */
export const autoupdateAnnotation = "rbac.authorization.kubernetes.io/autoupdate";

const marks = {
  annotations: { [autoupdateAnnotation]: "true" },
  labels: { "kubernetes.io/bootstrapping": "rbac-defaults" },
};

const writer = { fieldManager: "rbac-defaults" };

/**
 * Makes the default roles and bindings, and gives back to them what they lost since the last start. What was added to them stays, as
 * on any Kubernetes server; an object whose annotation `autoupdate` is "false" is left alone. Namespaces of roles are there.
 */
export async function reconcileDefaults(client: ApiClient): Promise<void> {
  await Promise.all(defaultRoles.map((role) => ensure(client, clusterRolesRef, roleObject(role), repairedRole)));
  await Promise.all(defaultNamespacedRoles.map((role) => ensure(client, rolesRef, namespacedRoleObject(role), repairedRole)));
  await Promise.all(defaultBindings.map((binding) => ensure(client, clusterRoleBindingsRef, bindingObject(binding), repairedBinding)));
}

type Repaired = (stored: ApiObject, wanted: ApiObject) => ApiObject | undefined;

/** Another server of the same store may be at the same at the same time: what it did is looked at anew. */
async function ensure(client: ApiClient, resource: ResourceRef, wanted: ApiObject, repaired: Repaired): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await ensureOnce(client, resource, wanted, repaired);
      return;
    } catch (thrown) {
      if (attempt === maxAttempts || !isLostRace(thrown)) throw thrown;
    }
  }
}

const maxAttempts = 10;

const isLostRace = (thrown: unknown): boolean =>
  thrown instanceof ApiError && (thrown.reason === "AlreadyExists" || thrown.reason === "Conflict" || thrown.reason === "NotFound");

async function ensureOnce(client: ApiClient, resource: ResourceRef, wanted: ApiObject, repaired: Repaired): Promise<void> {
  const { name, namespace } = wanted.metadata;
  const ref = { name, ...(namespace === undefined ? {} : { namespace }) };
  const stored = await client.get<ApiObject>(resource, ref).catch(asAbsent);
  if (stored === undefined) {
    await client.create(resource, wanted, writer);
    return;
  }
  if (stored.metadata.annotations?.[autoupdateAnnotation] === "false") return;
  // A role is given for ever: to give another one the binding is made anew.
  if (resource === clusterRoleBindingsRef && roleRefOf(stored).name !== roleRefOf(wanted).name) {
    await client.delete(resource, ref);
    await client.create(resource, wanted, writer);
    return;
  }
  const next = repaired(stored, wanted);
  if (next !== undefined) await client.update(resource, ref, next, writer);
}

function asAbsent(thrown: unknown): undefined {
  if (thrown instanceof ApiError && thrown.reason === "NotFound") return undefined;
  throw thrown;
}

/** Undefined when nothing is missing. */
function repairedRole(stored: ApiObject, wanted: ApiObject): ApiObject | undefined {
  const aggregates = aggregationRuleOf(wanted) !== undefined;
  const missing = aggregates ? [] : missingRights(rulesOf(stored), rulesOf(wanted));
  const lostAggregation = aggregates && JSON.stringify(aggregationRuleOf(stored)) !== JSON.stringify(aggregationRuleOf(wanted));
  if (missing.length === 0 && !lostAggregation && hasMarks(stored, wanted)) return undefined;
  const aggregationRule = aggregates ? aggregationPart(wanted) : {};
  const rules = aggregates ? {} : { rules: [...rulesOf(stored), ...missing] };
  return Object.assign(marked(stored, wanted), rules, aggregationRule);
}

function repairedBinding(stored: ApiObject, wanted: ApiObject): ApiObject | undefined {
  const subjects = subjectsOf(stored);
  const missing = subjectsOf(wanted).filter((it) => !subjects.some(({ kind, name }) => kind === it.kind && name === it.name));
  if (missing.length === 0 && hasMarks(stored, wanted)) return undefined;
  return Object.assign(marked(stored, wanted), { subjects: [...subjects, ...missing] });
}

const hasMarks = ({ metadata: stored }: ApiObject, { metadata: wanted }: ApiObject): boolean =>
  hasAll(stored.labels, wanted.labels) && hasAll(stored.annotations, wanted.annotations);

const hasAll = (stored: Readonly<Record<string, string>> = {}, wanted: Readonly<Record<string, string>> = {}): boolean =>
  Object.entries(wanted).every(([key, value]) => stored[key] === value);

const marked = (stored: ApiObject, { metadata: { labels, annotations } }: ApiObject): ApiObject => ({
  ...stored,
  metadata: {
    ...stored.metadata,
    labels: { ...stored.metadata.labels, ...labels },
    annotations: { ...stored.metadata.annotations, ...annotations },
  },
});

function roleObject({ name, rules, gathers, givenTo = [] }: DefaultRole): ApiObject {
  const labels = { ...marks.labels, ...Object.fromEntries(givenTo.map((role) => [aggregationLabel(role), "true"])) };
  const role: ApiObject = { apiVersion: rbacApiVersion, kind: "ClusterRole", metadata: { name, annotations: marks.annotations, labels } };
  const aggregation = gathers === undefined ? {} : { aggregationRule: { clusterRoleSelectors: gathers.map(selectorOf) } };
  return Object.assign(role, aggregation, { rules });
}

function namespacedRoleObject({ namespace, name, rules }: DefaultNamespacedRole): ApiObject {
  const role: ApiObject = { apiVersion: rbacApiVersion, kind: "Role", metadata: { name, namespace, ...marks } };
  return Object.assign(role, { rules });
}

const selectorOf = (role: string): object => ({ matchLabels: { [aggregationLabel(role)]: "true" } });

const aggregationPart = (role: ApiObject): object => {
  const rule = aggregationRuleOf(role);
  return rule === undefined
    ? {}
    : { aggregationRule: { clusterRoleSelectors: (rule.clusterRoleSelectors ?? []).map(({ matchLabels }) => ({ matchLabels })) } };
};

function bindingObject({ name, role, groups }: DefaultBinding): ApiObject {
  const subjects = groups.map((group) => ({ kind: "Group", apiGroup: rbacGroup, name: group }));
  const roleRef = { apiGroup: rbacGroup, kind: "ClusterRole", name: role };
  const binding: ApiObject = { apiVersion: rbacApiVersion, kind: "ClusterRoleBinding", metadata: { name, ...marks } };
  return Object.assign(binding, { roleRef, subjects });
}
