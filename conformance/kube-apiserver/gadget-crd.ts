import type { Step } from "./step.js";

const port = {
  type: "object",
  required: ["port"],
  properties: {
    port: { type: "integer", format: "int32", minimum: 1, maximum: 65535 },
    protocol: { type: "string", default: "TCP", enum: ["TCP", "UDP"] },
    name: { type: "string", maxLength: 8 },
  },
};

const spec = {
  type: "object",
  properties: {
    size: { type: "integer", minimum: 0, maximum: 100, default: 1 },
    color: { type: "string", enum: ["red", "blue"] },
    replicas: { type: "integer", format: "int32", minimum: 0 },
    ports: { type: "array", items: port, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port", "protocol"], maxItems: 4 },
    tags: { type: "array", items: { type: "string", pattern: "^[a-z]+$" }, "x-kubernetes-list-type": "set" },
    whole: { type: "object", additionalProperties: { type: "string" }, "x-kubernetes-map-type": "atomic" },
    free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    either: { "x-kubernetes-int-or-string": true },
  },
  "x-kubernetes-validations": [{ rule: "!has(self.color) || self.color != 'blue' || self.size < 50", message: "blue gadgets are small" }],
};

const schema = {
  type: "object",
  properties: {
    spec,
    status: { type: "object", properties: { phase: { type: "string" }, replicas: { type: "integer" } } },
  },
};

const version = (name: string, storage: boolean): object => ({
  name,
  served: true,
  storage,
  schema: { openAPIV3Schema: schema },
  subresources: { status: {}, scale: { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" } },
  additionalPrinterColumns: [{ name: "Size", type: "integer", jsonPath: ".spec.size" }],
});

/** Makes the kind that half of the sequences are about; the answer is the same whether it exists already or not. */
export const gadgets: readonly Step[] = [];

export const gadgetCrd = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "gadgets.play.example.com" },
  spec: {
    group: "play.example.com",
    names: { plural: "gadgets", singular: "gadget", kind: "Gadget", listKind: "GadgetList", shortNames: ["gad"] },
    scope: "Namespaced",
    versions: [version("v1", true), version("v2", false)],
  },
};
