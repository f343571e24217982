import type { JsonObject } from "@dataplane/meta";
import { expect, test } from "vitest";
import { aUser, startRbac, superuser } from "./testing/start-rbac.js";

const base = "/apis/rbac.authorization.k8s.io/v1";
const group = "rbac.authorization.k8s.io";
const apiVersion = `${group}/v1`;
const reading = { verbs: ["get"], apiGroups: [""], resources: ["configmaps"] };

const role = (name: string, rules: readonly JsonObject[], namespace = "default"): JsonObject =>
  Object.assign({ apiVersion, kind: "Role", metadata: { name, namespace } }, { rules });
const clusterRole = (name: string, rules: readonly JsonObject[], more: JsonObject = {}): JsonObject =>
  Object.assign({ apiVersion, kind: "ClusterRole", metadata: { name } }, { rules }, more);
const binding = (name: string, roleRef: JsonObject, subjects: readonly JsonObject[], namespace = "default"): JsonObject =>
  Object.assign({ apiVersion, kind: "RoleBinding", metadata: { name, namespace } }, { roleRef, subjects });
const clusterBinding = (name: string, roleName: string, subjects: readonly JsonObject[]): JsonObject =>
  Object.assign({ apiVersion, kind: "ClusterRoleBinding", metadata: { name } }, { roleRef: { kind: "ClusterRole", name: roleName }, subjects });
const toUser = (name: string): JsonObject => ({ kind: "User", name });

test.each([
  ["no verbs", { apiGroups: [""], resources: ["pods"] }, "rules[0].verbs: Required value"],
  ["no group", { verbs: ["get"], resources: ["pods"] }, "rules[0].apiGroups: Required value: resource rules must supply at least one api group"],
  ["no resource", { verbs: ["get"], apiGroups: [""] }, "rules[0].resources: Required value: resource rules must supply at least one resource"],
  [
    "a path in a Role",
    { verbs: ["get"], nonResourceURLs: ["/x"] },
    'rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs',
  ],
])("a rule with %s is invalid in the words of kube-apiserver", async (_what, rule, words) => {
  await using api = await startRbac();
  const { status, json } = await api.call(superuser, "POST", `${base}/namespaces/default/roles`, role("a", [rule]));
  expect(status).toBe(422);
  expect(json["message"]).toBe(`Role.${group} "a" is invalid: ${words}`);
});

test("a ClusterRole is for paths or for resources, in each rule", async () => {
  await using api = await startRbac();
  const both = { ...reading, nonResourceURLs: ["/metrics"] };
  const { status, json } = await api.call(superuser, "POST", `${base}/clusterroles`, clusterRole("a", [both]));
  expect(status).toBe(422);
  expect(json["message"]).toContain("rules cannot apply to both regular resources and non-resource URLs");
  const empty = await api.call(superuser, "POST", `${base}/clusterroles`, clusterRole("a", [], { aggregationRule: {} }));
  expect(empty.json["message"]).toContain("at least one clusterRoleSelector required if aggregationRule is non-nil");
});

test("names are segments of a path: colons are common, slashes are refused", async () => {
  await using api = await startRbac();
  expect((await api.call(superuser, "POST", `${base}/clusterroles`, clusterRole("acme:Team_1", [reading]))).status).toBe(201);
  for (const name of ["a/b", "a%b", "..", "."])
    expect((await api.call(superuser, "POST", `${base}/clusterroles`, clusterRole(name, [reading]))).status).toBe(422);
});

test("a role without rules, as Go writes it, is fine", async () => {
  await using api = await startRbac();
  const body = { apiVersion, kind: "ClusterRole", metadata: { name: "a" }, rules: null };
  expect((await api.call(superuser, "POST", `${base}/clusterroles`, body)).status).toBe(201);
});

test("a binding's groups are filled in, and its role never changes", async () => {
  await using api = await startRbac();
  const subjects = [toUser("ann"), { kind: "Group", name: "devs" }, { kind: "ServiceAccount", name: "robot" }];
  const made = await api.call(superuser, "POST", `${base}/namespaces/default/rolebindings`, binding("b", { kind: "Role", name: "r" }, subjects));
  expect(made.json).toMatchObject({
    roleRef: { apiGroup: group, kind: "Role", name: "r" },
    subjects: [
      { apiGroup: group, name: "ann" },
      { apiGroup: group, name: "devs" },
      { kind: "ServiceAccount", name: "robot" },
    ],
  });
  const other = { ...made.json, roleRef: { apiGroup: group, kind: "ClusterRole", name: "view" } };
  const changed = await api.call(superuser, "PUT", `${base}/namespaces/default/rolebindings/b`, other);
  expect(changed.status).toBe(422);
  expect(changed.json["message"]).toBe(
    `RoleBinding.${group} "b" is invalid: roleRef: Invalid value: {"apiGroup":"${group}","kind":"ClusterRole","name":"view"}: field is immutable`,
  );
});

test("each mistake of a binding has its cause", async () => {
  await using api = await startRbac();
  const subjects = [
    { kind: "Robot", name: "a" },
    { kind: "User", name: "" },
    { kind: "Group", apiGroup: "x", name: "g" },
    { kind: "ServiceAccount", name: "a" },
  ];
  const body = Object.assign(clusterBinding("b", "", subjects), { roleRef: { kind: "Role", name: "" } });
  const { status, json } = await api.call(superuser, "POST", `${base}/clusterrolebindings`, body);
  expect(status).toBe(422);
  const { causes } = json["details"] as { causes: readonly { field: string }[] };
  expect(causes.map(({ field }) => field)).toEqual([
    ...["roleRef.kind", "roleRef.name", "subjects[0].kind", "subjects[1].name", "subjects[2].apiGroup", "subjects[3].namespace"],
  ]);
  expect(json["message"]).toContain('roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"');
});

const ann = aUser("ann");
const roleWriter = { verbs: ["*"], apiGroups: [group], resources: ["roles", "rolebindings", "clusterroles", "clusterrolebindings"] };

test("nobody gives rights that they do not have", async () => {
  await using api = await startRbac();
  await api.have(
    role("r", [{ ...roleWriter, verbs: ["create", "update", "get"] }, reading]),
    binding("b", { kind: "Role", name: "r" }, [toUser("ann")]),
  );
  const roles = `${base}/namespaces/default/roles`;
  expect((await api.call(ann, "POST", roles, role("mine", [reading]))).status).toBe(201);
  const more = await api.call(
    ann,
    "POST",
    roles,
    role("more", [{ verbs: ["get", "delete"], apiGroups: [""], resources: ["configmaps", "secrets"] }]),
  );
  expect(more).toMatchObject({ status: 403, json: { reason: "Forbidden", details: { name: "more", group, kind: "roles" } } });
  expect(more.json["message"]).toBe(
    [
      `roles.${group} "more" is forbidden: user "ann" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:`,
      '{APIGroups:[""], Resources:["configmaps"], Verbs:["delete"]}',
      '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "delete"]}',
    ].join("\n"),
  );
  const update = await api.call(ann, "PUT", `${roles}/mine`, role("mine", [{ ...reading, verbs: ["get", "list"] }]));
  expect(update.status).toBe(403);
});

test("a right on one name is no right on all, and one on all is a right on one", async () => {
  await using api = await startRbac();
  const named = { ...reading, resourceNames: ["one"] };
  await api.have(role("r", [{ ...roleWriter, verbs: ["create"] }, named]), binding("b", { kind: "Role", name: "r" }, [toUser("ann")]));
  const roles = `${base}/namespaces/default/roles`;
  expect((await api.call(ann, "POST", roles, role("all", [reading]))).status).toBe(403);
  expect((await api.call(ann, "POST", roles, role("two", [{ ...reading, resourceNames: ["one", "two"] }]))).status).toBe(403);
  expect((await api.call(ann, "POST", roles, role("one", [named]))).status).toBe(201);
});

test("a role is bound by those who have its rights", async () => {
  await using api = await startRbac();
  await api.have(
    role("r", [{ ...roleWriter, verbs: ["create"] }, reading]),
    role("small", [reading]),
    role("large", [{ verbs: ["*"], apiGroups: ["*"], resources: ["*"] }]),
    binding("b", { kind: "Role", name: "r" }, [toUser("ann")]),
  );
  const bindings = `${base}/namespaces/default/rolebindings`;
  expect((await api.call(ann, "POST", bindings, binding("x", { kind: "Role", name: "small" }, [toUser("bob")]))).status).toBe(201);
  const large = await api.call(ann, "POST", bindings, binding("y", { kind: "Role", name: "large" }, [toUser("bob")]));
  expect(large.status).toBe(403);
  expect(large.json["message"]).toContain('{APIGroups:["*"], Resources:["*"], Verbs:["*"]}');
  const none = await api.call(ann, "POST", bindings, binding("z", { kind: "Role", name: "none" }, [toUser("bob")]));
  expect(none).toMatchObject({ status: 404, json: { message: `roles.${group} "none" not found` } });
});

test("the verbs escalate and bind let one give what one does not have", async () => {
  await using api = await startRbac();
  const escalate = { verbs: ["escalate", "create"], apiGroups: [group], resources: ["roles"] };
  const bind = { verbs: ["bind"], apiGroups: [group], resources: ["clusterroles"], resourceNames: ["view"] };
  await api.have(
    role("r", [escalate, bind, { ...roleWriter, verbs: ["create"], resources: ["rolebindings"] }]),
    binding("b", { kind: "Role", name: "r" }, [toUser("ann")]),
  );
  const all = { verbs: ["*"], apiGroups: ["*"], resources: ["*"] };
  expect((await api.call(ann, "POST", `${base}/namespaces/default/roles`, role("any", [all]))).status).toBe(201);
  const bindings = `${base}/namespaces/default/rolebindings`;
  expect((await api.call(ann, "POST", bindings, binding("x", { kind: "ClusterRole", name: "view" }, [toUser("bob")]))).status).toBe(201);
  expect((await api.call(ann, "POST", bindings, binding("y", { kind: "ClusterRole", name: "edit" }, [toUser("bob")]))).status).toBe(403);
});

test("only those who may do all let a role gather others", async () => {
  await using api = await startRbac();
  await api.have(clusterRole("r", [{ ...roleWriter, verbs: ["create"] }, reading]), clusterBinding("b", "r", [toUser("ann")]));
  const gathering = clusterRole("g", [], { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: "b" } }] } });
  const refused = await api.call(ann, "POST", `${base}/clusterroles`, gathering);
  expect(refused).toMatchObject({
    status: 403,
    json: { message: `clusterroles.${group} "g" is forbidden: must have cluster-admin privileges to use the aggregationRule` },
  });
});

test("a ClusterRole gathers the rules of those that its selectors match, and lets them go", async () => {
  await using api = await startRbac();
  const selectors = [{ matchLabels: { team: "a" } }, { matchExpressions: [{ key: "tier", operator: "In", values: ["x", "y"] }] }];
  const labelled = (name: string, labels: JsonObject, rules: readonly JsonObject[]): JsonObject =>
    Object.assign(clusterRole(name, rules), { metadata: { name, labels } });
  await api.have(
    clusterRole("sum", [], { aggregationRule: { clusterRoleSelectors: selectors } }),
    labelled("one", { team: "a" }, [reading]),
    labelled("two", { tier: "y" }, [{ verbs: ["list"], apiGroups: [""], resources: ["configmaps"] }]),
    labelled("three", { tier: "z" }, [{ verbs: ["delete"], apiGroups: [""], resources: ["configmaps"] }]),
  );
  const rules = async (): Promise<unknown> => (await api.call(superuser, "GET", `${base}/clusterroles/sum`)).json["rules"];
  expect(await rules()).toMatchObject([{ verbs: ["get"] }, { verbs: ["list"] }]);
  await api.call(superuser, "DELETE", `${base}/clusterroles/one`);
  await api.settled();
  expect(await rules()).toMatchObject([{ verbs: ["list"] }]);
});

test("a refusal names the roles that are bound and do not exist", async () => {
  await using api = await startRbac();
  await api.have(binding("b", { kind: "Role", name: "gone" }, [toUser("ann")]));
  const refused = await api.call(ann, "GET", "/apis/coordination.k8s.io/v1/namespaces/default/leases");
  expect(refused.json["message"]).toBe(
    `leases.coordination.k8s.io is forbidden: User "ann" cannot list resource "leases" in API group "coordination.k8s.io" in the namespace "default": RBAC: role.${group} "gone" not found`,
  );
});

test("a binding counts from the next request on, and its end too", async () => {
  await using api = await startRbac();
  const leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
  expect((await api.call(ann, "GET", leases)).status).toBe(403);
  await api.have(
    role("r", [{ verbs: ["list"], apiGroups: ["coordination.k8s.io"], resources: ["leases"] }]),
    binding("b", { kind: "Role", name: "r" }, [toUser("ann")]),
  );
  expect((await api.call(ann, "GET", leases)).status).toBe(200);
  expect((await api.call(ann, "GET", leases.replace("default", "other"))).status).toBe(403);
  expect((await api.call(ann, "GET", "/apis/coordination.k8s.io/v1/leases")).status).toBe(403);
  await api.call(superuser, "DELETE", `${base}/namespaces/default/rolebindings/b`);
  await api.settled();
  expect((await api.call(ann, "GET", leases)).status).toBe(403);
});

test("a collection narrowed to one name needs the right to that name alone", async () => {
  await using api = await startRbac();
  const rule = { verbs: ["list", "watch"], apiGroups: ["coordination.k8s.io"], resources: ["leases"], resourceNames: ["one"] };
  await api.have(role("r", [rule]), binding("b", { kind: "Role", name: "r" }, [toUser("ann")]));
  const leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
  expect((await api.call(ann, "GET", `${leases}?fieldSelector=metadata.name%3Done`)).status).toBe(200);
  expect((await api.call(ann, "GET", `${leases}?fieldSelector=metadata.name%3Dtwo`)).status).toBe(403);
  expect((await api.call(ann, "GET", leases)).status).toBe(403);
});

test("an apply that makes an object needs the right to create it", async () => {
  await using api = await startRbac();
  const leases = (verbs: readonly string[]): JsonObject => ({ verbs: [...verbs], apiGroups: ["coordination.k8s.io"], resources: ["leases"] });
  await api.have(
    role("patcher", [leases(["patch"])]),
    role("maker", [leases(["patch", "create"])]),
    binding("patcher", { kind: "Role", name: "patcher" }, [toUser("ann")]),
    binding("maker", { kind: "Role", name: "maker" }, [toUser("bob")]),
  );
  const path = "/apis/coordination.k8s.io/v1/namespaces/default/leases/l?fieldManager=test";
  const body = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "l" }, spec: { holderIdentity: "x" } };
  const refused = await api.call(ann, "PATCH", path, body);
  expect(refused).toMatchObject({ status: 403 });
  expect(refused.json["message"]).toContain(
    'User "ann" cannot create resource "leases" in API group "coordination.k8s.io" in the namespace "default"',
  );
  expect((await api.call(aUser("bob"), "PATCH", path, body)).status).toBe(201);
  expect((await api.call(ann, "PATCH", path, { ...body, spec: { holderIdentity: "y" } })).status).toBe(200);
});
