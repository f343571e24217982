import type { JsonObject } from "@dataplane/meta";

/** A valid object to begin with, and where it is written to. */
export interface SeedObject {
  /** Of its collection. */
  readonly path: string;
  readonly body: JsonObject;
  /** Writes that would reach beyond the server, or end it, are only tried out. */
  readonly onlyDryRun?: boolean;
}

const inDefault = "namespaces/default";
const metadata = (name: string): JsonObject => ({
  name,
  labels: { app: "fuzz", "example.com/part": "a" },
  annotations: { note: "x" },
  finalizers: [],
});

/** A kind with all that schemas can say, rules included. */
export const widgetsDefinition: JsonObject = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "widgets.fuzz.example.com" },
  spec: {
    group: "fuzz.example.com",
    names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList", shortNames: ["wd"], categories: ["all"] },
    scope: "Namespaced",
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: { specReplicasPath: ".spec.size", statusReplicasPath: ".status.size", labelSelectorPath: ".status.selector" },
        },
        selectableFields: [{ jsonPath: ".spec.color" }],
        additionalPrinterColumns: [
          { name: "Color", type: "string", jsonPath: ".spec.color" },
          { name: "Born", type: "date", jsonPath: ".spec.born" },
          { name: "First", type: "string", jsonPath: ".spec.parts[?(@.name=='a')].name" },
        ],
        schema: {
          openAPIV3Schema: {
            type: "object",
            required: ["spec"],
            properties: {
              spec: {
                type: "object",
                "x-kubernetes-validations": [
                  { rule: "self.size >= 0", message: "no less than none", fieldPath: ".size", reason: "FieldValueForbidden" },
                  { rule: "!has(oldSelf.color) || self.?color.orValue('') == oldSelf.color", messageExpression: "'was ' + oldSelf.color" },
                ],
                properties: {
                  size: { type: "integer", format: "int32", default: 1, minimum: -5, maximum: 1000, multipleOf: 1 },
                  color: { type: "string", enum: ["red", "green", "blue"], nullable: true },
                  code: { type: "string", pattern: "^(a+)+$", maxLength: 64, minLength: 0 },
                  born: { type: "string", format: "date-time" },
                  address: { type: "string", format: "ipv4" },
                  mail: { type: "string", format: "email" },
                  bytes: { type: "string", format: "byte" },
                  age: { type: "string", format: "duration" },
                  port: { "x-kubernetes-int-or-string": true },
                  ratio: { type: "number", format: "double", exclusiveMaximum: true, maximum: 1 },
                  anything: { "x-kubernetes-preserve-unknown-fields": true },
                  template: { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
                  set: { type: "array", "x-kubernetes-list-type": "set", maxItems: 20, items: { type: "string", maxLength: 20 } },
                  labels: { type: "object", maxProperties: 10, additionalProperties: { type: "string", maxLength: 20 } },
                  parts: {
                    type: "array",
                    maxItems: 20,
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name"],
                    "x-kubernetes-validations": [{ rule: "self.all(p, p.weight < 100.0)" }, { rule: "self.size() >= oldSelf.size()" }],
                    items: {
                      type: "object",
                      required: ["name"],
                      properties: {
                        name: { type: "string", maxLength: 20 },
                        weight: { type: "number", default: 1 },
                        tags: { type: "array", items: { type: "string" } },
                      },
                    },
                  },
                  one: {
                    type: "object",
                    properties: { a: { type: "string" }, b: { type: "string" } },
                    oneOf: [{ required: ["a"] }, { required: ["b"] }],
                    not: { required: ["a", "b"] },
                  },
                },
              },
              status: { type: "object", properties: { size: { type: "integer" }, selector: { type: "string" } } },
            },
          },
        },
      },
    ],
  },
};

/** A kind whose rules come and go; see `celRule`. */
export const celsDefinition = (rules: readonly JsonObject[]): JsonObject => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "cels.fuzz.example.com" },
  spec: {
    group: "fuzz.example.com",
    names: { plural: "cels", kind: "Cel" },
    scope: "Namespaced",
    versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object", properties: { spec: celSchema(rules) } } } }],
  },
});

const short: JsonObject = { type: "string", maxLength: 20 };

const celSchema = (rules: readonly JsonObject[]): JsonObject => ({
  type: "object",
  "x-kubernetes-validations": rules,
  properties: {
    size: { type: "integer" },
    color: short,
    amount: short,
    link: short,
    address: short,
    age: { ...short, format: "duration" },
    born: { ...short, format: "date-time" },
    port: { "x-kubernetes-int-or-string": true },
    set: { type: "array", maxItems: 5, "x-kubernetes-list-type": "set", items: short },
    labels: { type: "object", maxProperties: 5, additionalProperties: short },
    parts: { type: "array", maxItems: 5, items: { type: "object", properties: { name: short, weight: { type: "number" } } } },
  },
});

export const aCel: SeedObject = {
  path: `/apis/fuzz.example.com/v1/${inDefault}/cels`,
  body: {
    apiVersion: "fuzz.example.com/v1",
    kind: "Cel",
    metadata: metadata("c"),
    spec: {
      size: 3,
      color: "red",
      amount: "1Mi",
      link: "https://a.b/c",
      address: "10.0.0.1",
      age: "1h",
      born: "2026-01-01T00:00:00Z",
      port: "80%",
      set: ["a", "b"],
      labels: { a: "ab" },
      parts: [
        { name: "a", weight: 1.5 },
        { name: "b", weight: 2 },
      ],
    },
  },
};

const aWidget: SeedObject = {
  path: `/apis/fuzz.example.com/v1/${inDefault}/widgets`,
  body: {
    apiVersion: "fuzz.example.com/v1",
    kind: "Widget",
    metadata: metadata("w"),
    spec: {
      size: 2,
      color: "red",
      code: "aaaa",
      born: "2026-01-01T00:00:00Z",
      address: "10.0.0.1",
      mail: "a@b.c",
      bytes: "AAA=",
      age: "1h",
      port: 80,
      ratio: 0.5,
      anything: { a: [1, { b: null }] },
      template: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "t" }, data: {} },
      set: ["a", "b"],
      labels: { a: "b" },
      parts: [{ name: "a", weight: 2, tags: ["x"] }, { name: "b" }],
      one: { a: "x" },
    },
    status: { size: 2, selector: "a=b" },
  },
};

const reference: JsonObject = { apiVersion: "v1", kind: "ConfigMap", name: "a", namespace: "default", uid: "u" };
const role = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "r" };
const webhook = (kind: string): JsonObject => ({
  apiVersion: "admissionregistration.k8s.io/v1",
  kind,
  metadata: { name: "hook" },
  webhooks: [
    {
      name: "a.fuzz.example.com",
      clientConfig: { url: "https://127.0.0.1:9/x", caBundle: "AAAA" },
      rules: [{ operations: ["CREATE", "*"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods/*"], scope: "*" }],
      sideEffects: "None",
      admissionReviewVersions: ["v1"],
      failurePolicy: "Ignore",
      matchPolicy: "Exact",
      namespaceSelector: { matchExpressions: [{ key: "a", operator: "In", values: ["b"] }] },
      objectSelector: { matchLabels: { a: "b" } },
      matchConditions: [{ name: "c", expression: "object.metadata.name != 'x' && request.operation == 'CREATE'" }],
      timeoutSeconds: 1,
    },
  ],
});

/** Of each kind that is served, the definitions' own included. */
export const seedObjects: readonly [SeedObject, ...SeedObject[]] = [
  aWidget,
  aWidget,
  aWidget,
  aCel,
  {
    path: `/api/v1/${inDefault}/configmaps`,
    body: { apiVersion: "v1", kind: "ConfigMap", metadata: metadata("a"), data: { k: "v" }, binaryData: { b: "AAA=" } },
  },
  {
    path: `/api/v1/${inDefault}/secrets`,
    body: {
      apiVersion: "v1",
      kind: "Secret",
      metadata: metadata("s"),
      type: "Opaque",
      data: { k: "dg==" },
      stringData: { t: "x" },
      immutable: false,
    },
  },
  { path: "/api/v1/namespaces", body: { apiVersion: "v1", kind: "Namespace", metadata: { name: "other" }, spec: { finalizers: ["kubernetes"] } } },
  {
    path: `/api/v1/${inDefault}/services`,
    body: {
      apiVersion: "v1",
      kind: "Service",
      metadata: metadata("svc"),
      spec: {
        type: "ClusterIP",
        selector: { a: "b" },
        ports: [
          { name: "web", port: 80, protocol: "TCP", targetPort: "web" },
          { port: 81, name: "x" },
        ],
      },
    },
  },
  {
    path: `/api/v1/${inDefault}/serviceaccounts`,
    body: { apiVersion: "v1", kind: "ServiceAccount", metadata: metadata("sa"), secrets: [{ name: "x" }] },
  },
  {
    path: `/api/v1/${inDefault}/events`,
    body: {
      apiVersion: "v1",
      kind: "Event",
      metadata: metadata("e"),
      involvedObject: reference,
      reason: "R",
      message: "m",
      type: "Normal",
      count: 1,
    },
  },
  {
    path: `/apis/events.k8s.io/v1/${inDefault}/events`,
    body: {
      ...{ apiVersion: "events.k8s.io/v1", kind: "Event", metadata: metadata("e2"), eventTime: "2026-01-01T00:00:00.000000Z", regarding: reference },
      ...{
        reason: "R",
        action: "A",
        type: "Warning",
        note: "n",
        reportingController: "a.b/c",
        reportingInstance: "i",
        series: { count: 2, lastObservedTime: "2026-01-01T00:00:00.000000Z" },
      },
    },
  },
  {
    path: `/apis/coordination.k8s.io/v1/${inDefault}/leases`,
    body: {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: metadata("l"),
      spec: { holderIdentity: "me", leaseDurationSeconds: 5, renewTime: "2026-01-01T00:00:00.000000Z" },
    },
  },
  {
    path: `/apis/rbac.authorization.k8s.io/v1/${inDefault}/roles`,
    body: {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: metadata("r"),
      rules: [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"], resourceNames: ["a"] }],
    },
  },
  {
    path: "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    body: {
      ...{
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRole",
        metadata: metadata("cr"),
        rules: [{ nonResourceURLs: ["/x/*"], verbs: ["get"] }],
      },
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: "b" } }] },
    },
  },
  {
    path: `/apis/rbac.authorization.k8s.io/v1/${inDefault}/rolebindings`,
    body: {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: metadata("rb"),
      roleRef: role,
      subjects: [{ kind: "User", name: "u", apiGroup: role.apiGroup }],
    },
  },
  {
    path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    body: {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes: { namespace: "default", verb: "get", resource: "configmaps", labelSelector: { rawSelector: "a=b" } } },
    },
  },
  {
    path: "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
    body: { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectRulesReview", spec: { namespace: "default" } },
  },
  {
    path: "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    body: webhook("ValidatingWebhookConfiguration"),
    onlyDryRun: true,
  },
  { path: "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", body: webhook("MutatingWebhookConfiguration"), onlyDryRun: true },
];

export const definitionsPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
