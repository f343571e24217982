import { parseRequestInfo, type ResourceDefinition } from "@dataplane/apiserver";
import { createApiClient } from "@dataplane/client";
import {
  type Clock,
  controlPlaneUser,
  dataPlaneUser,
  type Handler,
  type JsonObject,
  silentLogger,
  systemClock,
  type UserInfo,
} from "@dataplane/meta";
import { expect, test } from "vitest";
import { createRbac } from "./rbac-authorizer.js";
import { aUser, startRbac, superuser, type TestRbac } from "./testing/start-rbac.js";

const base = "/apis/p.datasource.grafana.app/v0alpha1/namespaces/default";
const rbac = "/apis/rbac.authorization.k8s.io/v1";

const admin = aUser("a", "dataplane:admin");
const editor = aUser("e", "dataplane:editor");
const viewer = aUser("v", "dataplane:viewer");
const nobody = aUser("n");

async function may(api: TestRbac, who: UserInfo, method: string, path: string): Promise<boolean> {
  const [plain = "", query = ""] = path.split("?");
  const { allowed } = await api.rbac.authorizer.authorize(who, parseRequestInfo(method, plain, new URLSearchParams(query)));
  return allowed;
}

/** Admin, editor, viewer, somebody without a role. */
const expected: readonly (readonly [method: string, path: string, who: readonly [boolean, boolean, boolean, boolean]])[] = [
  ["GET", `${base}/datasources/a`, [true, true, true, false]],
  ["GET", `${base}/datasources`, [true, true, true, false]],
  ["GET", `${base}/datasources?watch=1`, [true, true, true, false]],
  ["POST", `${base}/datasources/a/query`, [true, true, true, false]],
  ["POST", `${base}/connections/a/query`, [true, true, true, false]],
  ["GET", `${base}/datasources/a/health`, [true, true, true, false]],
  ["GET", `${base}/datasources/a/resources/x`, [true, true, true, false]],
  ["POST", `${base}/datasources/a/resources/x`, [true, true, false, false]],
  ["GET", `${base}/datasources/a/stream/x`, [true, true, true, false]],
  ["PUT", `${base}/datasources/a/proxy/x`, [true, true, false, false]],
  ["POST", `${base}/datasources`, [true, true, false, false]],
  ["DELETE", `${base}/datasources/a`, [true, true, false, false]],
  ["DELETE", `${base}/datasources`, [true, true, false, false]],
  ["PUT", "/apis/apps.grafana.app/v0alpha1/namespaces/default/appsettings/x", [true, true, false, false]],
  // Authorized again behind the filter, for each thing that they reach.
  ["POST", "/api/ds/query", [true, true, true, true]],
  ["GET", "/api/datasources", [true, true, true, true]],
  ["GET", "/api/datasources/uid/a/health", [true, true, true, true]],
  ["POST", "/api/plugins/acme-app/resources/a", [true, true, true, true]],
  ["POST", "/api/live/publish", [true, true, true, true]],
  ["GET", "/api/live/ws", [true, true, true, true]],
  ["POST", "/apis/query.grafana.app/v0alpha1/namespaces/default/query", [true, true, true, true]],
  ["POST", "/api/live/push/a", [true, false, false, false]],
  ["GET", "/api/live/push/a", [true, false, false, false]],
  ["GET", "/debug/x", [true, false, false, false]],
  ["POST", "/api/admin/provisioning/datasources/reload", [true, false, false, false]],
  ["GET", "/metrics", [true, true, true, false]],
  ["POST", "/metrics", [true, false, false, false]],
  ["GET", "/metrics/plugins/prometheus", [true, true, true, false]],
  ["GET", "/apis", [true, true, true, true]],
  ["HEAD", "/apis", [true, true, true, true]],
  ["GET", "/apis/g.io/v1", [true, true, true, true]],
  ["GET", "/api/v1", [true, true, true, true]],
  ["GET", "/openapi/v3/apis/x", [true, true, true, true]],
  ["GET", "/version", [true, true, true, true]],
  ["POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", [true, true, true, true]],
  ["POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", [true, false, false, false]],
  ["POST", "/apis/authentication.k8s.io/v1/tokenreviews", [true, false, false, false]],
  ["GET", "/api/v1/namespaces", [true, true, true, false]],
  ["DELETE", "/api/v1/namespaces/default", [true, false, false, false]],
  ["POST", "/api/v1/namespaces", [true, false, false, false]],
  ["GET", "/api/v1/namespaces/default/configmaps/a", [true, true, true, false]],
  ["PUT", "/api/v1/namespaces/default/configmaps/a", [true, true, false, false]],
  ["GET", "/api/v1/namespaces/default/secrets/a", [true, true, false, false]],
  ["GET", "/api/v1/secrets", [true, true, false, false]],
  ["GET", "/api/v1/secrets?watch=true", [true, true, false, false]],
  ["POST", "/api/v1/namespaces/default/secrets", [true, true, false, false]],
  ["POST", "/api/v1/namespaces/default/serviceaccounts/a/token", [true, true, false, false]],
  ["GET", `${rbac}/clusterroles`, [true, true, true, false]],
  ["POST", `${rbac}/clusterroles`, [true, false, false, false]],
  ["POST", `${rbac}/namespaces/default/rolebindings`, [true, false, false, false]],
  ["POST", "/apis/aggregation.grafana.app/v0alpha1/dataplaneservices", [true, false, false, false]],
  ["GET", `${base}/datasources/a/plugincontext`, [false, false, false, false]],
  ["GET", "/apis/apps.grafana.app/v0alpha1/namespaces/default/appsettings/a/plugincontext", [false, false, false, false]],
];

test("admins, editors, viewers and others may what they always might, by the default roles", async () => {
  await using api = await startRbac();
  for (const [method, path, who] of expected) {
    const found = await Promise.all([admin, editor, viewer, nobody].map((user) => may(api, user, method, path)));
    expect([method, path, ...found]).toEqual([method, path, ...who]);
  }
});

test("the data plane reads contexts and writes nothing; the control plane does all but that; no role gives either", async () => {
  await using api = await startRbac();
  const context = `${base}/datasources/a/plugincontext`;
  expect(await may(api, dataPlaneUser, "GET", context)).toBe(true);
  expect(await may(api, dataPlaneUser, "POST", `${base}/datasources`)).toBe(false);
  expect(await may(api, controlPlaneUser, "POST", "/apis/aggregation.grafana.app/v0alpha1/dataplaneservices")).toBe(true);
  expect(await may(api, controlPlaneUser, "GET", context)).toBe(false);
  const all = { verbs: ["*"], apiGroups: ["*"], resources: ["*", "datasources/plugincontext"] };
  const subjects = [{ kind: "User", name: "n" }];
  await api.have(
    { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: "all" }, rules: [all] },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: "all" },
      roleRef: { kind: "ClusterRole", name: "all" },
      subjects,
    },
  );
  expect(await may(api, nobody, "DELETE", `${base}/datasources/a`)).toBe(true);
  expect(await may(api, nobody, "GET", context)).toBe(false);
});

const widgets: ResourceDefinition = {
  group: "example.com",
  version: "v1",
  kind: "Widget",
  plural: "widgets",
  scope: "namespaced",
  schema: { type: "object", properties: {} },
};
const gadgets: ResourceDefinition = { ...widgets, kind: "Gadget", plural: "gadgets", scope: "cluster" };

test("kinds that come while the server runs are read by viewers, and written by editors unless they are above namespaces", async () => {
  await using api = await startRbac();
  const path = "/apis/example.com/v1";
  expect(await may(api, viewer, "GET", `${path}/widgets`)).toBe(false);
  api.registry.add(widgets);
  api.registry.add(gadgets);
  await api.settled();
  const rights = async (user: UserInfo): Promise<readonly boolean[]> => [
    await may(api, user, "GET", `${path}/widgets`),
    await may(api, user, "POST", `${path}/namespaces/default/widgets`),
    await may(api, user, "GET", `${path}/gadgets`),
    await may(api, user, "POST", `${path}/gadgets`),
  ];
  expect(await rights(viewer)).toEqual([true, false, true, false]);
  expect(await rights(editor)).toEqual([true, true, true, false]);
  expect(await rights(nobody)).toEqual([false, false, false, false]);
  api.registry.remove(widgets);
  api.registry.remove(gadgets);
  await api.settled();
  expect(await may(api, viewer, "GET", `${path}/widgets`)).toBe(false);
});

const get = async (api: TestRbac, path: string): Promise<JsonObject> => (await api.call(superuser, "GET", `${rbac}/${path}`)).json;

test("a start gives back what the defaults lost, keeps what was added, and leaves alone what says so", async () => {
  await using api = await startRbac();
  const basic = await get(api, "clusterroles/system:basic-user");
  const added = { verbs: ["get"], apiGroups: ["x.io"], resources: ["things"] };
  await api.call(superuser, "PUT", `${rbac}/clusterroles/system:basic-user`, { ...basic, rules: [added] });
  await api.call(superuser, "DELETE", `${rbac}/clusterroles/system:discovery`);
  const auth = await get(api, "clusterroles/system:auth-delegator");
  const frozen = { ...(auth["metadata"] as JsonObject), annotations: { "rbac.authorization.kubernetes.io/autoupdate": "false" } };
  await api.call(superuser, "PUT", `${rbac}/clusterroles/system:auth-delegator`, { ...auth, metadata: frozen, rules: [] });
  const binding = await get(api, "clusterrolebindings/system:discovery");
  await api.call(superuser, "PUT", `${rbac}/clusterrolebindings/system:discovery`, { ...binding, subjects: [{ kind: "User", name: "ann" }] });
  const viewers = await get(api, "clusterrolebindings/dataplane:viewer");
  await api.call(superuser, "DELETE", `${rbac}/clusterrolebindings/dataplane:viewer`);
  await api.call(superuser, "POST", `${rbac}/clusterrolebindings`, {
    metadata: { name: "dataplane:viewer" },
    roleRef: { kind: "ClusterRole", name: "cluster-admin" },
    subjects: viewers["subjects"],
  });

  await api.restart();
  await api.settled();

  expect((await get(api, "clusterroles/system:basic-user"))["rules"]).toHaveLength(4);
  expect((await get(api, "clusterroles/system:discovery"))["rules"]).toHaveLength(1);
  expect((await get(api, "clusterroles/system:auth-delegator"))["rules"]).toBeNull();
  expect((await get(api, "clusterrolebindings/system:discovery"))["subjects"]).toMatchObject([{ name: "ann" }, { name: "system:authenticated" }]);
  expect((await get(api, "clusterrolebindings/dataplane:viewer"))["roleRef"]).toMatchObject({ name: "viewer" });
  expect(await may(api, viewer, "POST", "/api/v1/namespaces")).toBe(false);
});

test("API servers behind this one may be given the right to read whom to believe", async () => {
  await using api = await startRbac();
  const configMap = (name: string): string => `/api/v1/namespaces/kube-system/configmaps/${name}`;
  await api.have({
    ...{ apiVersion: "rbac.authorization.k8s.io/v1", kind: "RoleBinding", metadata: { name: "reader", namespace: "kube-system" } },
    roleRef: { kind: "Role", name: "extension-apiserver-authentication-reader" },
    subjects: [{ kind: "User", name: nobody.name }],
  });
  expect(await may(api, nobody, "GET", configMap("extension-apiserver-authentication"))).toBe(true);
  expect(await may(api, nobody, "PUT", configMap("extension-apiserver-authentication"))).toBe(false);
  expect(await may(api, nobody, "GET", configMap("another"))).toBe(false);
});

test("a second start writes nothing", async () => {
  await using api = await startRbac();
  const versions = async (): Promise<unknown> => {
    const { json } = await api.call(superuser, "GET", `${rbac}/clusterroles`);
    return (json["items"] as readonly JsonObject[]).map(({ metadata }) => (metadata as JsonObject)["resourceVersion"]);
  };
  const before = await versions();
  await api.restart();
  await api.settled();
  expect(await versions()).toEqual(before);
});

test("until roles and bindings have been read superusers pass, and others wait, in the end for a 503", async () => {
  const never: Handler = () => new Promise(() => undefined);
  const client = createApiClient({ handler: never, user: controlPlaneUser });
  const clock: Clock = { ...systemClock, sleep: () => Promise.resolve() };
  const { authorizer } = createRbac({ client, clock, logger: silentLogger });
  const info = parseRequestInfo("GET", "/api/v1/namespaces", new URLSearchParams());
  expect(authorizer.authorize(superuser, info)).toMatchObject({ allowed: true });
  await expect(authorizer.authorize(viewer, info)).rejects.toMatchObject({ code: 503, headers: { "retry-after": "1" } });
});
