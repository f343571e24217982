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
  const rights = new Set<string>();
  for (const { namespace, kind, role, subjects: to } of bindings) {
    const rules = roles.find((it) => it.name === role && it.namespace === (kind === "Role" ? namespace : ""))?.rules ?? [];
    const where = namespace === "" ? namespaces : [namespace];
    for (const user of users.filter((it) => to.some((subject) => isMember(it, subject, namespace))))
      for (const rule of rules) for (const right of writtenOut(rule)) for (const place of where) rights.add(`${user.name}|${place}|${right}`);
  }
  return rights;
}

function isMember(user: UserInfo, { kind, name, namespace = "" }: Subject, bindingNamespace: string): boolean {
  if (kind === "Group") return user.groups.includes(name);
  const home = namespace === "" ? bindingNamespace : namespace;
  return user.name === (kind === "User" ? name : home === "" ? "nobody" : ["system:serviceaccount", home, name].join(":"));
}

const allTargets = resources.flatMap((resource) => subresources.map((sub) => (sub === "" ? resource : `${resource}/${sub}`)));

function writtenOut(rule: PolicyRule): readonly string[] {
  const list = (values: readonly string[] | undefined, all: readonly string[]): readonly string[] =>
    values?.includes("*") === true ? all : (values ?? []);
  const targets = new Set<string>();
  for (const term of rule.resources ?? []) {
    const [first, sub] = term.split("/");
    const meant = allTargets.filter((it) => term === "*" || it === term || (first === "*" && it.endsWith(`/${sub ?? ""}`)));
    for (const target of meant) targets.add(target);
  }
  if (targets.has("datasources/query") || targets.has("connections/query"))
    for (const it of ["datasources", "connections"]) targets.add(`${it}/query`);
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
  const wrong: string[] = [];
  let asked = 0;
  for (const user of users)
    for (const [namespace, verb, group, resource, subresource, name] of product(namespaces, verbs, groups, resources, subresources, names)) {
      const target = subresource === "" ? resource : `${resource}/${subresource}`;
      const info: RequestInfo = {
        isResourceRequest: true,
        path: "",
        version: "v1",
        segments: [],
        namespace,
        verb,
        group,
        resource,
        subresource,
        name,
      };
      const key = [user.name, namespace, verb, group, target, name].join("|");
      asked += 1;
      if (index.decide(user, info).allowed !== rights.has(key)) wrong.push(key);
    }
  expect(asked).toBe(users.length * 3 * 9 * 3 * 4 * 4 * 3);
  expect(wrong).toEqual([]);
});

type Six = readonly [string, string, string, string, string, string];

function* product(
  ...[a, b, c, d, e, f]: readonly [readonly string[], readonly string[], readonly string[], readonly string[], readonly string[], readonly string[]]
): Generator<Six> {
  for (const first of a)
    for (const second of b)
      for (const third of c) for (const fourth of d) for (const fifth of e) for (const sixth of f) yield [first, second, third, fourth, fifth, sixth];
}
