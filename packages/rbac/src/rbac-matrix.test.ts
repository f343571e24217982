import type { ApiObject, RequestInfo, UserInfo } from "@dataplane/meta";
import { expect, test } from "vitest";
import { type PolicyRule, rbacApiVersion, rbacGroup, type Subject } from "./policy-rule.js";
import { RbacIndex } from "./rbac-index.js";

const verbs = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection", "impersonate"];
const groups = ["", "a.example.com", "b.datasource.grafana.app"];
const resources = ["datasources", "connections", "widgets", "secrets"];
const subresources = ["", "query", "scale", "status"];
const namespaces = ["", "default", "other"];
const names = ["", "one", "two"];
const users: readonly UserInfo[] = [
  { name: "ann", groups: ["devs", "system:authenticated"] },
  { name: "bob", groups: ["ops", "devs", "system:authenticated"] },
  { name: "system:serviceaccount:default:robot", groups: ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"] },
  { name: "system:anonymous", groups: ["system:unauthenticated"] },
];
const subjects: readonly Subject[] = [
  { kind: "User", apiGroup: rbacGroup, name: "ann" },
  { kind: "User", apiGroup: rbacGroup, name: "devs" },
  { kind: "Group", apiGroup: rbacGroup, name: "devs" },
  { kind: "Group", apiGroup: rbacGroup, name: "ops" },
  { kind: "Group", apiGroup: rbacGroup, name: "system:unauthenticated" },
  { kind: "ServiceAccount", name: "robot", namespace: "default" },
  { kind: "ServiceAccount", name: "robot" },
];
const resourceTerms = ["*", "*/scale", "*/query", ...resources, "datasources/query", "connections/query", "widgets/scale", "widgets/status"];

/** Mulberry32: the same worlds in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface World {
  readonly roles: readonly { readonly namespace: string; readonly name: string; readonly rules: readonly PolicyRule[] }[];
  readonly bindings: readonly { readonly namespace: string; readonly kind: string; readonly role: string; readonly subjects: readonly Subject[] }[];
}

function aWorld(seed: number): World {
  const next = random(seed);
  const pick = <T>(from: readonly T[], most: number): readonly T[] => {
    const count = 1 + Math.floor(next() * most);
    return Array.from({ length: count }, () => from[Math.floor(next() * from.length)]).filter((it): it is T => it !== undefined);
  };
  const rule = (): PolicyRule => ({
    verbs: next() < 0.1 ? ["*"] : pick(verbs, 3),
    apiGroups: next() < 0.2 ? ["*"] : pick(groups, 2),
    resources: pick(resourceTerms, 2),
    ...(next() < 0.3 ? { resourceNames: pick(["one", "two"], 1) } : {}),
  });
  const role = (namespace: string, name: string): World["roles"][number] => ({
    namespace,
    name,
    rules: Array.from({ length: 1 + Math.floor(next() * 2) }, rule),
  });
  const roles = ["", "default", "other"].flatMap((namespace) => ["r1", "r2"].map((name) => role(namespace, name)));
  const bindings = Array.from({ length: 4 }, () => {
    const [namespace = ""] = pick(namespaces, 1);
    const [kind = ""] = namespace === "" ? ["ClusterRole"] : pick(["Role", "ClusterRole"], 1);
    const [name = ""] = pick(["r1", "r2", "missing"], 1);
    return { namespace, kind, role: name, subjects: pick(subjects, 2) };
  });
  return { roles, bindings };
}

const objectOf = (kind: string, namespace: string, name: string, fields: object): ApiObject =>
  Object.assign({ apiVersion: rbacApiVersion, kind, metadata: { name, ...(namespace === "" ? {} : { namespace }) } }, fields);

function indexOf({ roles, bindings }: World): RbacIndex {
  const roleObjects = roles.map(({ namespace, name, rules }) => objectOf("Role", namespace, name, { rules }));
  const bindingObjects = bindings.map(({ namespace, kind, role, subjects: to }, at) =>
    objectOf("RoleBinding", namespace, `b${at}`, { roleRef: { apiGroup: rbacGroup, kind, name: role }, subjects: to }),
  );
  const isLocal = ({ metadata }: ApiObject): boolean => metadata.namespace !== undefined;
  return new RbacIndex({
    roles: roleObjects.filter(isLocal),
    clusterRoles: roleObjects.filter((it) => !isLocal(it)),
    roleBindings: bindingObjects.filter(isLocal),
    clusterRoleBindings: bindingObjects.filter((it) => !isLocal(it)),
  });
}

/** The model: every right that the world gives, written out one by one. It knows no matching, only lists. */
function rightsOf({ roles, bindings }: World): ReadonlySet<string> {
  const rights = bindings.flatMap(({ namespace, kind, role, subjects: to }) => {
    const rules = roles.find((it) => it.name === role && it.namespace === (kind === "Role" ? namespace : ""))?.rules ?? [];
    const where = namespace === "" ? namespaces : [namespace];
    const members = users.filter((it) => to.some((subject) => isMember(it, subject, namespace))).map(({ name }) => name);
    return product(members, where, rules.flatMap(writtenOut)).map((parts) => parts.join("|"));
  });
  return new Set(rights);
}

function isMember(user: UserInfo, { kind, name, namespace = "" }: Subject, bindingNamespace: string): boolean {
  if (kind === "Group") return user.groups.includes(name);
  const home = namespace === "" ? bindingNamespace : namespace;
  return user.name === (kind === "User" ? name : home === "" ? "nobody" : ["system:serviceaccount", home, name].join(":"));
}

const allTargets = resources.flatMap((resource) => subresources.map((sub) => (sub === "" ? resource : `${resource}/${sub}`)));

const queryTargets = ["datasources/query", "connections/query"];

function targetsOf(term: string): readonly string[] {
  const [first, sub = ""] = term.split("/");
  return allTargets.filter((it) => term === "*" || it === term || (first === "*" && it.endsWith(`/${sub}`)));
}

function writtenOut(rule: PolicyRule): readonly string[] {
  const list = (values: readonly string[] | undefined, all: readonly string[]): readonly string[] =>
    values?.includes("*") === true ? all : (values ?? []);
  const targets = new Set((rule.resources ?? []).flatMap(targetsOf));
  if (queryTargets.some((target) => targets.has(target))) for (const target of queryTargets) targets.add(target);
  return list(rule.verbs, verbs).flatMap((verb) =>
    list(rule.apiGroups, groups).flatMap((group) =>
      [...targets].flatMap((target) => (rule.resourceNames ?? names).map((name) => [verb, group, target, name].join("|"))),
    ),
  );
}

const worlds = Array.from({ length: 40 }, (_, at) => at + 1);

test.each(worlds)("world %i: each verb on each resource, subresource, name and namespace, for each user, is decided as the model says", (seed) => {
  const world = aWorld(seed);
  const index = indexOf(world);
  const rights = rightsOf(world);
  const lists = [users.map(({ name }) => name), namespaces, verbs, groups, resources, subresources, names] as const;
  const all = product(...lists);
  const wrong = all.filter(([name = "", namespace = "", verb = "", group = "", resource = "", subresource = "", object = ""]) => {
    const user = users.find((it) => it.name === name) ?? { name, groups: [] };
    const info: RequestInfo = { ...nothing, namespace, verb, group, resource, subresource, name: object };
    const target = subresource === "" ? resource : `${resource}/${subresource}`;
    return index.decide(user, info).allowed !== rights.has([name, namespace, verb, group, target, object].join("|"));
  });
  expect(all).toHaveLength(4 * 3 * 9 * 3 * 4 * 4 * 3);
  expect(wrong).toEqual([]);
});

const nothing = { isResourceRequest: true, path: "", version: "v1", segments: [] } as const;

/** Each combination of one value of each list. */
const product = (...lists: readonly (readonly string[])[]): readonly (readonly string[])[] =>
  lists.reduce<readonly (readonly string[])[]>((begun, values) => begun.flatMap((parts) => values.map((value) => [...parts, value])), [[]]);
