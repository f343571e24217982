import type { ResourceDefinition } from "@dataplane/apiserver";
import { type ApiObject, type JsonObject, silentLogger, systemClock } from "@dataplane/meta";
import { expect, test } from "vitest";
import { aManifest, manifestsRef, startServer, type TestServer } from "../testing/start-server.js";
import { accessRefs, appsNamespace } from "./access-objects.js";
import { manifestAccessController } from "./manifest-access-controller.js";

const group = "acme.example.com";
const anything = { type: "object", "x-kubernetes-preserve-unknown-fields": true } as const;

/** Kinds of these names: their own rules are no matter here. */
const definitions = Object.values(accessRefs).map(({ group: its, version, resource, namespaced }): ResourceDefinition => {
  const kinds: Readonly<Record<string, string>> = {
    ...{ clusterroles: "ClusterRole", clusterrolebindings: "ClusterRoleBinding", roles: "Role", rolebindings: "RoleBinding" },
    serviceaccounts: "ServiceAccount",
  };
  const scope = namespaced ? "namespaced" : "cluster";
  return { group: its, version, kind: kinds[resource] ?? "", plural: resource, scope, schema: anything, nameRule: "pathSegment" };
});

const schemas = { Issue: { type: "object", properties: { spec: anything } } };
const kinds = [
  {
    ...{ kind: "Issue", plural: "issues", scope: "Namespaced", schemas },
    routes: { "/close": { post: { operationId: "closeIssue" } } },
  },
];
const routes = {
  namespaced: { "/foos": { get: { operationId: "getFoos" } }, "/foos/{id}/bars/{bar}": { delete: { operationId: "dropBar" } } },
  cluster: { "/summary/all": { get: { operationId: "getSummary" } } },
};
const spec = (roles: JsonObject, more: JsonObject = {}): JsonObject => ({
  ...{ appName: "issue-tracker", group, preferredVersion: "v1", versions: [{ name: "v1", kinds, routes }] },
  ...{ roles, ...more },
});

const reader = { kinds: [{ kind: "Issue", permissionSet: "viewer" }], routes: ["getFoos", "dropBar", "getSummary", "closeIssue"] };

async function start(pluginIds: readonly string[] = []): Promise<TestServer> {
  const api = await startServer(definitions);
  const plugins = { get: (id: string) => (pluginIds.includes(id) ? ({ id } as never) : undefined), onChange: () => () => undefined };
  api.start(manifestAccessController({ client: api.client, plugins, clock: systemClock, logger: silentLogger }));
  return api;
}

const roleOf = (api: TestServer, name: string): Promise<ApiObject> => api.client.get<ApiObject>(accessRefs.clusterRoles, { name });
const rulesOf = async (api: TestServer, name: string): Promise<unknown> => (await roleOf(api, name))["rules"];
const bound = (api: TestServer): Promise<void> => expect.poll(() => api.condition("tracker", "RolesBound")).toBe("True Bound: ");
const merge = (api: TestServer, patch: JsonObject): Promise<ApiObject> =>
  api.client.patch(manifestsRef, { name: "tracker" }, "application/merge-patch+json", patch);

test("roles and bindings of a manifest are roles and bindings of the cluster", async () => {
  await using api = await start();
  const roles = {
    "issue-tracker:reader": reader,
    writer: { kinds: [{ kind: "Issue", permissionSet: "editor" }] },
    admin: { kinds: [{ kind: "Issue", permissionSet: "admin" }] },
    lister: { kinds: [{ kind: "Issue", verbs: ["list"] }] },
  };
  const roleBindings = { viewer: ["issue-tracker:reader"], admin: ["admin"], additional: { "team/a": ["lister"] } };
  await api.client.create(manifestsRef, aManifest("tracker", spec(roles, { roleBindings })));
  await bound(api);
  const issues = { apiGroups: [group], resources: ["issues"] };
  expect(await rulesOf(api, "issue-tracker:reader")).toEqual([
    { ...issues, verbs: ["get", "list", "watch"] },
    { apiGroups: [group], resources: ["foos"], verbs: ["list"] },
    { apiGroups: [group], resources: ["foos/bars"], verbs: ["delete"] },
    { apiGroups: [group], resources: ["summary"], resourceNames: ["all"], verbs: ["get"] },
    { apiGroups: [group], resources: ["issues/close"], verbs: ["create"] },
  ]);
  expect(await rulesOf(api, "issue-tracker:writer")).toEqual([{ ...issues, verbs: ["get", "list", "watch", "create", "update", "patch", "delete"] }]);
  expect(await rulesOf(api, "issue-tracker:admin")).toEqual([
    { apiGroups: [group], resources: ["issues", "issues/status", "issues/finalizers", "issues/close"], verbs: ["*"] },
  ]);
  expect(await rulesOf(api, "issue-tracker:lister")).toEqual([{ ...issues, verbs: ["list"] }]);
  const { items } = await api.client.list<ApiObject>(accessRefs.clusterRoleBindings);
  expect(items.map(({ metadata, roleRef, subjects }) => [metadata.name, roleRef, subjects])).toEqual([
    [
      "issue-tracker:admin:admin",
      { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "issue-tracker:admin" },
      [{ kind: "Group", apiGroup: "rbac.authorization.k8s.io", name: "dataplane:admin" }],
    ],
    ["issue-tracker:lister:group:team_a", expect.anything(), [expect.objectContaining({ name: "team/a" })]],
    ["issue-tracker:reader:viewer", expect.anything(), [expect.objectContaining({ name: "dataplane:viewer" })]],
  ]);
});

test("what is changed or deleted is put back, what the manifest has no more goes, and all goes with it", async () => {
  await using api = await start();
  await api.client.create(manifestsRef, aManifest("tracker", spec({ reader, other: reader }, { roleBindings: { viewer: ["reader"] } })));
  await bound(api);
  const before = await rulesOf(api, "issue-tracker:reader");
  const name = "issue-tracker:reader";
  await api.client.patch(accessRefs.clusterRoles, { name }, "application/merge-patch+json", {
    metadata: { labels: null, annotations: { mine: "kept" } },
    rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }],
  });
  await expect.poll(() => rulesOf(api, name)).toEqual(before);
  expect((await roleOf(api, name)).metadata).toMatchObject({ labels: { "dataplane/managed": "true" }, annotations: { mine: "kept" } });
  await api.client.delete(accessRefs.clusterRoleBindings, { name: `${name}:viewer` });
  await expect.poll(() => api.client.get(accessRefs.clusterRoleBindings, { name: `${name}:viewer` }).catch(() => undefined)).toBeDefined();
  await merge(api, { spec: { roles: { other: null } } });
  await expect.poll(() => roleOf(api, "issue-tracker:other").catch(() => undefined)).toBeUndefined();
  await api.client.delete(manifestsRef, { name: "tracker" });
  await expect.poll(async () => (await api.client.list(accessRefs.clusterRoles)).items).toEqual([]);
  await expect.poll(async () => (await api.client.list(accessRefs.clusterRoleBindings)).items).toEqual([]);
});

test("a role that is somebody else's is left alone and named, and taken when it is free", async () => {
  await using api = await start();
  const theirs = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: "issue-tracker:reader" }, rules: [] };
  await api.client.create<ApiObject>(accessRefs.clusterRoles, theirs);
  await api.client.create(manifestsRef, aManifest("tracker", spec({ reader })));
  await expect
    .poll(() => api.condition("tracker", "RolesBound"))
    .toBe('False NameTaken: there is another\'s object of the same name: ClusterRole "issue-tracker:reader"');
  expect(await rulesOf(api, "issue-tracker:reader")).toEqual([]);
  await api.client.delete(accessRefs.clusterRoles, { name: "issue-tracker:reader" });
  await bound(api);
  expect(await rulesOf(api, "issue-tracker:reader")).not.toEqual([]);
});

test("an app with a process has an account that may do what its manifest says, and no more", async () => {
  await using api = await start(["issue-tracker"]);
  const extraPermissions = { accessKinds: [{ group: "", resource: "configmaps", actions: ["get", "list"] }] };
  await api.client.create(manifestsRef, aManifest("tracker", spec({}, { extraPermissions })));
  await bound(api);
  const name = "dataplane:app:issue-tracker";
  expect(await rulesOf(api, name)).toEqual([
    { apiGroups: [group], resources: ["issues", "issues/status", "issues/finalizers", "issues/close"], verbs: ["*"] },
    { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list"] },
  ]);
  const inApps = { name, namespace: appsNamespace };
  const subjects = [{ kind: "ServiceAccount", name: "issue-tracker", namespace: appsNamespace }];
  expect((await api.client.get<ApiObject>(accessRefs.serviceAccounts, { ...inApps, name: "issue-tracker" })).kind).toBe("ServiceAccount");
  expect(await api.client.get(accessRefs.clusterRoleBindings, { name })).toMatchObject({ roleRef: { name }, subjects });
  expect(await api.client.get(accessRefs.roleBindings, inApps)).toMatchObject({ roleRef: { kind: "Role", name }, subjects });
  expect(await api.client.get(accessRefs.roles, inApps)).toMatchObject({
    rules: [{ verbs: ["create"] }, { resourceNames: ["issue-tracker"], verbs: ["get", "update", "patch", "delete"] }],
  });
  await api.client.delete(manifestsRef, { name: "tracker" });
  await expect.poll(() => api.client.get(accessRefs.serviceAccounts, { ...inApps, name: "issue-tracker" }).catch(() => undefined)).toBeUndefined();
});

test("a manifest that lost its group to another has no rights", async () => {
  await using api = await start();
  await api.client.create(manifestsRef, aManifest("tracker", spec({ reader })));
  await bound(api);
  const conditions = [{ type: "Accepted", status: "False", reason: "GroupConflict", message: "", lastTransitionTime: "2026-01-01T00:00:00Z" }];
  await api.client.patch(manifestsRef, { name: "tracker", subresource: "status" }, "application/merge-patch+json", { status: { conditions } });
  await expect.poll(() => roleOf(api, "issue-tracker:reader").catch(() => undefined)).toBeUndefined();
});
