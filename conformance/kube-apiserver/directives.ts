import { get, namespaceOf, post, strategic } from "./request.js";
import type { Step } from "./step.js";

const accounts = "/api/v1/namespaces/directives/serviceaccounts";
const services = "/api/v1/namespaces/directives/services";
const maps = "/api/v1/namespaces/directives/configmaps";
const hooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";

const account = {
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name: "a", labels: { one: "1", two: "2" }, finalizers: ["example.com/x", "example.com/y"] },
  secrets: [{ name: "s1" }, { name: "s2" }, { name: "s3" }],
  imagePullSecrets: [{ name: "p1" }, { name: "p2" }],
};

const hook = (name: string, more: object = {}): object => ({
  name,
  clientConfig: { url: "https://127.0.0.1:9/never" },
  rules: [{ apiGroups: ["none.example.com"], apiVersions: ["v1"], operations: ["CREATE"], resources: ["things"] }],
  sideEffects: "None",
  admissionReviewVersions: ["v1"],
  ...more,
});

/** Directives of strategic merge patches, good and bad, on lists by key, lists of texts and maps. */
export const directives = (): readonly Step[] => [
  namespaceOf("directives"),
  post(accounts, account),
  ...[
    { secrets: [{ name: "s4" }] },
    { secrets: [{ $patch: "delete", name: "s2" }] },
    { secrets: [{ $patch: "delete", name: "missing" }] },
    { secrets: [{ $patch: "merge", name: "s1", kind: "Secret" }] },
    { secrets: [{ $patch: "replace" }, { name: "r1" }, { name: "r2" }] },
    { secrets: [{ $patch: "replace" }] },
    { secrets: [{ name: "n1" }, { name: "n2" }] },
    { secrets: [{ name: "n3" }], "$setElementOrder/secrets": [{ name: "n3" }, { name: "n2" }, { name: "n1" }] },
    { "$setElementOrder/secrets": [{ name: "n1" }, { name: "n3" }] },
    { secrets: [{ name: "n9" }], "$setElementOrder/secrets": [{ name: "n1" }] },
    { secrets: [{ kind: "Secret" }] },
    { secrets: [{ $patch: "jump", name: "n1" }] },
    { secrets: "text" },
    { secrets: null },
    { imagePullSecrets: [] },
    { metadata: { labels: { $patch: "replace", three: "3" } } },
    { metadata: { labels: { $patch: "delete" } } },
    { metadata: { labels: { one: "1" } } },
    { metadata: { finalizers: ["example.com/z"] } },
    { metadata: { "$deleteFromPrimitiveList/finalizers": ["example.com/x"] } },
    { metadata: { "$deleteFromPrimitiveList/finalizers": ["example.com/missing"] } },
    { metadata: { "$setElementOrder/finalizers": ["example.com/z", "example.com/y"], finalizers: ["example.com/z"] } },
    { metadata: { finalizers: null } },
    { metadata: { $retainKeys: ["labels"] } },
    { $retainKeys: ["metadata"] },
    { $patch: "replace", metadata: { name: "a" } },
    { $patch: "delete" },
    { $patch: "nope" },
    { secrets: [{ name: 5 }] },
    { automountServiceAccountToken: "text" },
  ].map((body) => strategic(`${accounts}/a?fieldManager=s`, body)),
  strategic(`${accounts}/a?fieldManager=s`, []),
  strategic(`${accounts}/a?fieldManager=s`, "{"),
  strategic(`${accounts}/missing?fieldManager=s`, { secrets: [] }),
  get(`${accounts}/a`),
  post(maps, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "m" }, data: { a: "1", b: "2" } }),
  ...[
    { data: { $patch: "replace", c: "3" } },
    { data: { a: "9", c: null } },
    { data: { $patch: "delete" } },
    { immutable: null, data: { z: "26" } },
  ].map((body) => strategic(`${maps}/m?fieldManager=s`, body)),
  post(hooks, {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "ValidatingWebhookConfiguration",
    metadata: { name: "directives.example.com" },
    webhooks: [hook("a.example.com"), hook("b.example.com")],
  }),
  ...[
    { webhooks: [{ name: "a.example.com", failurePolicy: "Ignore" }] },
    { webhooks: [{ $patch: "delete", name: "b.example.com" }] },
    { webhooks: [hook("c.example.com")] },
    { webhooks: [{ name: "c.example.com", rules: [] }] },
    { webhooks: [{ name: "d.example.com" }] },
  ].map((body) => strategic(`${hooks}/directives.example.com?fieldManager=s`, body)),
  { method: "DELETE", path: `${hooks}/directives.example.com` },
  get(`${services}?limit=5`),
];
