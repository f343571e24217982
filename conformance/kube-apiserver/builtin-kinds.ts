import type { Random } from "../testing/random.js";
import { type Kind, metadata, partOfMetadata } from "./random-kind.js";

const base64 = ["djE=", "djI=", "AAEC"] as const;

/** Lives of Secrets: bytes, texts that become bytes, types. */
export const secrets: Kind = {
  name: "secrets",
  collection: (namespace) => `/api/v1/namespaces/${namespace}/secrets`,
  prepare: [],
  hasStrategic: true,
  object: (random, name) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: metadata(random, name),
    ...(random.chance(0.3) ? { type: random.pick(["Opaque", "example.com/own"]) } : {}),
    ...(random.chance(0.7) ? { data: Object.fromEntries(["k", "l"].filter(() => random.chance(0.6)).map((key) => [key, random.pick(base64)])) } : {}),
    ...(random.chance(0.3) ? { stringData: { k: random.pick(["text", ""]) } } : {}),
    ...(random.chance(0.05) ? { immutable: true } : {}),
  }),
  part: (random) => ({
    ...(random.chance(0.5) ? { metadata: { name: undefined, ...partOfMetadata(random) } } : {}),
    ...random.pick<object>([
      { data: { k: random.pick(base64) } },
      { data: { k: null } },
      { data: null },
      { stringData: { n: "new" } },
      { type: "example.com/own" },
      { data: { "bad key": "AA==" } },
    ]),
  }),
  jsonPatch: (random) =>
    random.pick<readonly object[]>([
      [{ op: "add", path: "/data/z", value: "AA==" }],
      [{ op: "remove", path: "/data/k" }],
      [{ op: "add", path: "/stringData", value: { s: "1" } }],
      [{ op: "replace", path: "/type", value: "Opaque" }],
    ]),
  subresources: () => [],
};

const rule = (random: Random): object =>
  random.pick<object>([
    { apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list"] },
    { apiGroups: ["play.example.com"], resources: ["gadgets", "gadgets/status"], resourceNames: ["a"], verbs: ["*"] },
    { apiGroups: ["*"], resources: ["*"], verbs: ["watch"] },
    { apiGroups: [""], resources: ["secrets"], verbs: [] },
    { apiGroups: [], resources: ["secrets"], verbs: ["get"] },
    { nonResourceURLs: ["/healthz"], verbs: ["get"] },
  ]);

/** Lives of Roles: a list that is replaced as a whole. */
export const roles: Kind = {
  name: "roles",
  collection: (namespace) => `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles`,
  prepare: [],
  hasStrategic: true,
  object: (random, name) => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata: metadata(random, name),
    ...(random.chance(0.85) ? { rules: Array.from({ length: 1 + random.below(2) }, () => rule(random)) } : {}),
  }),
  part: (random) => ({
    ...(random.chance(0.4) ? { metadata: { name: undefined, ...partOfMetadata(random) } } : {}),
    rules: random.pick<unknown>([[rule(random)], [rule(random), rule(random)], null]),
  }),
  jsonPatch: (random) =>
    random.pick<readonly object[]>([
      [{ op: "add", path: "/rules/-", value: rule(random) }],
      [{ op: "remove", path: "/rules/0" }],
      [{ op: "replace", path: "/rules/0/verbs", value: ["get"] }],
    ]),
  subresources: () => [],
};

const subject = (random: Random): object =>
  random.pick<object>([
    { kind: "User", name: "ann", apiGroup: "rbac.authorization.k8s.io" },
    { kind: "User", name: "ann" },
    { kind: "Group", name: "team", apiGroup: "rbac.authorization.k8s.io" },
    { kind: "ServiceAccount", name: "default", namespace: "default" },
    { kind: "ServiceAccount", name: "default" },
    { kind: "Robot", name: "x" },
  ]);

/** Lives of RoleBindings: a reference that never changes. */
export const bindings: Kind = {
  name: "bindings",
  collection: (namespace) => `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`,
  prepare: [],
  hasStrategic: true,
  object: (random, name) => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: metadata(random, name),
    ...(random.chance(0.8) ? { subjects: Array.from({ length: random.below(3) }, () => subject(random)) } : {}),
    roleRef: {
      ...(random.chance(0.8) ? { apiGroup: "rbac.authorization.k8s.io" } : {}),
      kind: random.pick(["ClusterRole", "ClusterRole", "Role", "Other"]),
      name: random.pick(["view", "view", "edit"]),
    },
  }),
  part: (random) => ({
    ...(random.chance(0.4) ? { metadata: { name: undefined, ...partOfMetadata(random) } } : {}),
    ...random.pick<object>([{ subjects: [subject(random)] }, { subjects: null }, { subjects: [] }, { roleRef: { name: "admin" } }]),
  }),
  jsonPatch: (random) =>
    random.pick<readonly object[]>([
      [{ op: "add", path: "/subjects/-", value: subject(random) }],
      [{ op: "remove", path: "/subjects/0" }],
      [{ op: "replace", path: "/roleRef/kind", value: "Role" }],
    ]),
  subresources: () => [],
};

/** Lives of ServiceAccounts: a list by name, and directives of strategic merges. */
export const serviceAccounts: Kind = {
  name: "accounts",
  collection: (namespace) => `/api/v1/namespaces/${namespace}/serviceaccounts`,
  prepare: [],
  hasStrategic: true,
  object: (random, name) => ({
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: metadata(random, name),
    ...(random.chance(0.6) ? { secrets: [{ name: random.pick(["s1", "s2"]) }, ...(random.chance(0.5) ? [{ name: "s3" }] : [])] } : {}),
    ...(random.chance(0.5) ? { imagePullSecrets: [{ name: random.pick(["p1", "p2"]) }] } : {}),
    ...(random.chance(0.3) ? { automountServiceAccountToken: random.chance(0.5) } : {}),
  }),
  part: (random) => ({
    ...(random.chance(0.4) ? { metadata: { name: undefined, ...partOfMetadata(random) } } : {}),
    ...random.pick<object>([
      { secrets: [{ name: "s9" }] },
      { secrets: null },
      { imagePullSecrets: [{ name: "p9" }, { name: "p8" }] },
      { automountServiceAccountToken: false },
      { automountServiceAccountToken: null },
    ]),
  }),
  strategicPart: (random) =>
    random.pick<Record<string, unknown>>([
      { secrets: [{ $patch: "delete", name: "s1" }] },
      { secrets: [{ $patch: "replace" }, { name: "only" }] },
      { secrets: [{ name: "s7" }], "$setElementOrder/secrets": [{ name: "s7" }, { name: "s3" }, { name: "s1" }] },
      { "$setElementOrder/secrets": [{ name: "s3" }, { name: "s2" }] },
      { imagePullSecrets: [{ name: "p1" }, { $patch: "delete", name: "p2" }] },
      { metadata: { labels: { $patch: "replace", only: "x" } } },
      { metadata: { $retainKeys: ["name"], name: "a" } },
      { metadata: { finalizers: ["example.com/two"] } },
      { metadata: { "$deleteFromPrimitiveList/finalizers": ["example.com/hold"] } },
      { $patch: "replace", metadata: { name: "a" } },
    ]),
  jsonPatch: (random) =>
    random.pick<readonly object[]>([
      [{ op: "add", path: "/secrets/-", value: { name: "s4" } }],
      [{ op: "remove", path: "/secrets/0" }],
      [{ op: "add", path: "/imagePullSecrets", value: [{ name: "p3" }] }],
    ]),
  subresources: () => [],
};

/** Lives of Leases: times with microseconds, numbers. */
export const leases: Kind = {
  name: "leases",
  collection: (namespace) => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`,
  prepare: [],
  hasStrategic: true,
  object: (random, name) => ({
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: metadata(random, name),
    spec: {
      ...(random.chance(0.7) ? { holderIdentity: random.pick(["x", "y", ""]) } : {}),
      ...(random.chance(0.6) ? { leaseDurationSeconds: random.pick([15, 30, 0, -1]) } : {}),
      ...(random.chance(0.5) ? { leaseTransitions: random.pick([0, 3, -1]) } : {}),
      ...(random.chance(0.5) ? { renewTime: random.pick(["2026-11-25T08:00:00.000001Z", "2026-11-25T08:00:00.500000Z"]) } : {}),
    },
  }),
  part: (random) => ({
    ...(random.chance(0.4) ? { metadata: { name: undefined, ...partOfMetadata(random) } } : {}),
    spec: random.pick<object | null>([{ holderIdentity: "z" }, { holderIdentity: null }, { leaseDurationSeconds: 60 }, {}, null]),
  }),
  jsonPatch: (random) =>
    random.pick<readonly object[]>([
      [{ op: "replace", path: "/spec/holderIdentity", value: "j" }],
      [{ op: "remove", path: "/spec/renewTime" }],
      [{ op: "add", path: "/spec/leaseTransitions", value: 4 }],
    ]),
  subresources: () => [],
};
