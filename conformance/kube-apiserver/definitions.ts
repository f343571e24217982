import { apply, get, merge, post, put } from "./request.js";
import type { Step } from "./step.js";

const all = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const wait = "?dryRun=All";

const open = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
const version = (more: object = {}): Record<string, unknown> => ({ name: "v1", served: true, storage: true, schema: open, ...more });
const schemaOf = (properties: object): object => ({ openAPIV3Schema: { type: "object", properties } });
const withSchema = (properties: object): object => definition({ versions: [version({ schema: schemaOf(properties) })] });

const definition = (spec: object = {}, metadata: object = {}): object => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "parts.define.example.com", ...metadata },
  spec: {
    group: "define.example.com",
    names: { plural: "parts", kind: "Part" },
    scope: "Namespaced",
    versions: [version()],
    ...spec,
  },
});

const spec = { type: "object", properties: { a: { type: "string" }, n: { type: "integer" } } };

/** Definitions that are refused, each for another reason, and those that are taken. All are dry runs but the last. */
const wrong = (): readonly object[] => [
  definition({}, { name: "other" }),
  definition({ scope: "Sideways" }),
  definition({ group: "" }),
  definition({ group: "UPPER" }),
  definition({ group: "nodots" }),
  definition({ names: { plural: "PARTS", kind: "Part" } }),
  definition({ names: { plural: "parts", kind: "" } }),
  definition({ names: { plural: "parts", kind: "part kind" } }),
  definition({ names: { plural: "parts", kind: "Part", listKind: "Part" } }),
  definition({ names: { plural: "parts", kind: "Part", shortNames: ["UP"], categories: ["Bad Category"] } }),
  definition({ versions: [] }),
  definition({ versions: null }),
  definition({ versions: [version({ name: "V1" })] }),
  definition({ versions: [version({ storage: false })] }),
  definition({ versions: [version(), version({ name: "v2" })] }),
  definition({ versions: [version(), version({ storage: false })] }),
  definition({ versions: [version({ schema: undefined })] }),
  definition({ versions: [version({ schema: {} })] }),
  definition({ versions: [version({ schema: { openAPIV3Schema: { type: "string" } } })] }),
  definition({ versions: [version({ schema: { openAPIV3Schema: { properties: { spec } } } })] }),
  definition({ conversion: { strategy: "Webhook" } }),
  definition({ conversion: { strategy: "Nope" } }),
  definition({ conversion: { strategy: "Webhook", webhook: { conversionReviewVersions: ["v1"], clientConfig: { url: "http://x" } } } }),
  definition({ preserveUnknownFields: true }),
  definition({ versions: [version({ subresources: { scale: { specReplicasPath: "spec.x", statusReplicasPath: ".spec.y" } } })] }),
  definition({ versions: [version({ subresources: { scale: {} } })] }),
  definition({ versions: [version({ additionalPrinterColumns: [{ name: "", type: "text", jsonPath: "spec" }] })] }),
  definition({ versions: [version({ additionalPrinterColumns: [{ name: "A", type: "integer", format: "nope", jsonPath: ".a[" }] })] }),
  definition({ versions: [version({ selectableFields: [{ jsonPath: ".spec.a" }, { jsonPath: "spec" }] })] }),
  definition({ versions: [version({ deprecationWarning: "text" })] }),
  withSchema({ spec: { type: "object", properties: { a: {} } } }),
  withSchema({ spec: { type: "thing" } }),
  withSchema({ spec: { type: "array" } }),
  withSchema({ spec: { type: "array", items: [{ type: "string" }] } }),
  withSchema({ spec: { type: "object", properties: { a: { type: "string" } }, additionalProperties: { type: "string" } } }),
  withSchema({ spec: { type: "object", additionalProperties: false } }),
  withSchema({ spec: { type: "string", pattern: "[" } }),
  withSchema({ spec: { type: "string", format: "nope", minLength: 5, maxLength: 1 } }),
  withSchema({ spec: { type: "integer", default: "text" } }),
  withSchema({ spec: { type: "object", default: { a: 1, b: 2 }, properties: { a: { type: "string" } } } }),
  withSchema({ spec: { type: "string", nullable: true, default: null, enum: ["a", "a"] } }),
  withSchema({ spec: { type: "array", items: { type: "string" }, uniqueItems: true } }),
  withSchema({ spec: { type: "array", items: { type: "object" }, "x-kubernetes-list-type": "map" } }),
  withSchema({ spec: { type: "array", items: { type: "object" }, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a"] } }),
  withSchema({ spec: { type: "array", items: spec, "x-kubernetes-list-type": "set" } }),
  withSchema({ spec: { type: "string", "x-kubernetes-list-type": "set" } }),
  withSchema({ spec: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "pile" } }),
  withSchema({ spec: { type: "object", "x-kubernetes-map-type": "pile" } }),
  withSchema({ spec: { type: "string", "x-kubernetes-int-or-string": true } }),
  withSchema({ spec: { "x-kubernetes-int-or-string": true, type: "integer" } }),
  withSchema({ spec: { type: "object", "x-kubernetes-embedded-resource": true } }),
  withSchema({ spec: { type: "string", "x-kubernetes-preserve-unknown-fields": true } }),
  withSchema({ spec: { type: "object", "x-kubernetes-preserve-unknown-fields": false } }),
  withSchema({ spec: { type: "object", $ref: "#/x" } }),
  withSchema({ spec: { type: "object", properties: { a: { type: "string" } }, allOf: [{ type: "object" }] } }),
  withSchema({ spec: { type: "object", anyOf: [{ properties: { missing: { minLength: 1 } } }] } }),
  withSchema({ spec: { type: "object", not: { type: "object", description: "text" } } }),
  withSchema({ metadata: { type: "object", properties: { labels: { type: "object" } } } }),
  withSchema({ metadata: { type: "object", properties: { name: { type: "string", maxLength: 5 } } } }),
  withSchema({ apiVersion: { type: "integer" }, kind: { type: "string" } }),
  withSchema({ spec: { ...spec, required: ["a", "a"] } }),
  withSchema({ spec: { ...spec, "x-kubernetes-validations": [{ rule: "self.a ==" }] } }),
  withSchema({ spec: { ...spec, "x-kubernetes-validations": [{ rule: "self.missing == 'x'" }] } }),
  withSchema({ spec: { ...spec, "x-kubernetes-validations": [{ rule: "self.a" }] } }),
  withSchema({ spec: { ...spec, "x-kubernetes-validations": [{ rule: "" }] } }),
  withSchema({ spec: { ...spec, "x-kubernetes-validations": [{ rule: "true", message: " ", reason: "Nope" }] } }),
  withSchema({ spec: { ...spec, "x-kubernetes-validations": [{ rule: "true", message: "a\nb" }] } }),
  withSchema({ spec: { ...spec, "x-kubernetes-validations": [{ rule: "true", messageExpression: "5", fieldPath: "missing" }] } }),
  withSchema({ spec: { ...spec, "x-kubernetes-validations": [{ rule: "oldSelf.a == self.a", optionalOldSelf: true }] } }),
  withSchema({
    spec: { type: "array", items: { ...spec, "x-kubernetes-validations": [{ rule: "self.a == oldSelf.a" }] } },
  }),
  withSchema({
    spec: {
      type: "array",
      items: { type: "string" },
      "x-kubernetes-validations": [{ rule: "self.all(x, self.all(y, self.all(z, x != y || y != z)))" }],
    },
  }),
];

const path = `${all}/parts.define.example.com`;

export const definitions = (): readonly Step[] => [
  ...wrong().map((body) => post(`${all}${wait}`, body)),
  post(all, "{"),
  post(all, { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition" }),
  post(`${all}?fieldValidation=Strict`, { ...definition(), extra: 1 }),
  post(`${all}${wait}&fieldValidation=Warn`, { ...definition(), extra: 1 }),
  post(`${all}${wait}`, definition()),
  post(`${all}${wait}`, withSchema({ spec: { ...spec, nullable: true }, status: { type: "object" } })),
  merge(`${all}/missing`, { spec: {} }),
  get(`${all}/missing`),
  merge(`${all}/gadgets.play.example.com${wait}`, { spec: { group: "other.example.com" } }),
  merge(`${all}/gadgets.play.example.com${wait}`, { spec: { scope: "Cluster" } }),
  merge(`${all}/gadgets.play.example.com${wait}`, { spec: { names: { kind: "Other" } } }),
  merge(`${all}/gadgets.play.example.com${wait}`, { spec: { versions: [] } }),
  merge(`${all}/gadgets.play.example.com${wait}`, { spec: { versions: [version({ name: "v3" })] } }),
  put(path, definition()),
  apply(`${all}/gadgets.play.example.com${wait}&fieldManager=a`, {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "gadgets.play.example.com" },
    spec: { scope: "Cluster" },
  }),
];
