import { managedLabel } from "@dataplane/aggregator";
import { roleGroups } from "@dataplane/apiserver";
import type { ResourceRef } from "@dataplane/client";
import { type ApiObject, isJsonObject, type JsonObject } from "@dataplane/meta";
import { manifestSpecFrom } from "../app-manifest-spec.js";
import { type PolicyRule, ruleJson } from "./policy-rule.js";
import { appRules, roleRules } from "./role-rules.js";

const rbacGroup = "rbac.authorization.k8s.io";
const rbac = (resource: string, namespaced: boolean): ResourceRef => ({ group: rbacGroup, version: "v1", resource, namespaced });

export const accessRefs = {
  clusterRoles: rbac("clusterroles", false),
  clusterRoleBindings: rbac("clusterrolebindings", false),
  roles: rbac("roles", true),
  roleBindings: rbac("rolebindings", true),
  serviceAccounts: { group: "", version: "v1", resource: "serviceaccounts", namespaced: true },
} as const satisfies Readonly<Record<string, ResourceRef>>;

export type AccessKind = keyof typeof accessRefs;
export const accessKinds: readonly AccessKind[] = ["clusterRoles", "clusterRoleBindings", "roles", "roleBindings", "serviceAccounts"];

/** Where the ServiceAccounts and Leases of apps are. */
export const appsNamespace = "dataplane-apps";

/** An object that a manifest is to have. */
export interface AccessObject {
  readonly kind: AccessKind;
  readonly object: ApiObject;
}

/** All that a manifest says of rights; `pluginId` is whose process acts for it, if there is one. */
export function accessObjects(manifest: ApiObject, pluginId: string | undefined): readonly AccessObject[] {
  return [...roleObjects(manifest), ...(pluginId === undefined ? [] : identityObjects(manifest, pluginId))].map(({ kind, object }) => ({
    kind,
    object: { ...object, metadata: { ...object.metadata, ...ownedBy(manifest) } },
  }));
}

/** Names begin with that of the app, so that no manifest takes a role of others for its own. */
export const clusterRoleName = (appName: string, role: string): string => (role.startsWith(`${appName}:`) ? role : `${appName}:${role}`);

function roleObjects(manifest: ApiObject): readonly AccessObject[] {
  const spec = manifestSpecFrom(manifest);
  const { roles, roleBindings } = record(manifest["spec"]);
  const nameOf = (role: string): string => clusterRoleName(spec.appName, role);
  const declared = Object.entries(record(roles)).map(([name, role]) => clusterRole(nameOf(name), roleRules(spec, record(role))));
  const bindings = groupsOf(record(roleBindings)).flatMap(({ id, group, names }) =>
    names.map((name) => clusterRoleBinding(`${nameOf(name)}:${id}`, nameOf(name), { kind: "Group", apiGroup: rbacGroup, name: group })),
  );
  return [...declared, ...bindings];
}

interface BoundGroup {
  /** As it stands in the name of a binding. */
  readonly id: string;
  readonly group: string;
  readonly names: readonly string[];
}

function groupsOf({ additional, ...own }: JsonObject): readonly BoundGroup[] {
  const groups = Object.entries(roleGroups).map(([id, group]) => ({ id, group, names: texts(own[id]) }));
  const others = Object.entries(record(additional)).map(([group, names]) => ({
    // A slash or a percent sign is in no name of a binding.
    id: `group:${group.replaceAll(/[/%]/g, "_")}`,
    group,
    names: texts(names),
  }));
  return [...groups, ...others];
}

/** The ServiceAccount of the app's process, with what the manifest asks for, and a Lease for its leader. */
function identityObjects(manifest: ApiObject, pluginId: string): readonly AccessObject[] {
  const spec = manifestSpecFrom(manifest);
  const name = `dataplane:app:${pluginId}`;
  const subject = { kind: "ServiceAccount", name: pluginId, namespace: appsNamespace };
  const metadata = { name, namespace: appsNamespace };
  const leases = { apiGroups: ["coordination.k8s.io"], resources: ["leases"] };
  const leaseRules: readonly PolicyRule[] = [
    { ...leases, verbs: ["create"] },
    { ...leases, resourceNames: [pluginId], verbs: ["get", "update", "patch", "delete"] },
  ];
  const apiVersion = `${rbacGroup}/v1`;
  return [
    { kind: "serviceAccounts", object: { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: pluginId, namespace: appsNamespace } } },
    clusterRole(name, appRules(spec, record(record(manifest["spec"])["extraPermissions"]))),
    clusterRoleBinding(name, name, subject),
    { kind: "roles", object: { apiVersion, kind: "Role", metadata, rules: leaseRules.map(ruleJson) } },
    {
      kind: "roleBindings",
      object: { apiVersion, kind: "RoleBinding", metadata, roleRef: { apiGroup: rbacGroup, kind: "Role", name }, subjects: [subject] },
    },
  ];
}

const clusterRole = (name: string, rules: readonly PolicyRule[]): AccessObject => ({
  kind: "clusterRoles",
  object: { apiVersion: `${rbacGroup}/v1`, kind: "ClusterRole", metadata: { name }, rules: rules.map(ruleJson) },
});

const clusterRoleBinding = (name: string, role: string, subject: JsonObject): AccessObject => ({
  kind: "clusterRoleBindings",
  object: {
    apiVersion: `${rbacGroup}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name },
    roleRef: { apiGroup: rbacGroup, kind: "ClusterRole", name: role },
    subjects: [subject],
  },
});

/** Goes with its manifest. */
function ownedBy({ apiVersion, kind, metadata: { name, uid = "" } }: ApiObject): Pick<ApiObject["metadata"], "labels" | "ownerReferences"> {
  return { labels: { [managedLabel]: "true" }, ownerReferences: [{ apiVersion, kind, name, uid, controller: true }] };
}

const record = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});
const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((it): it is string => typeof it === "string") : []);
