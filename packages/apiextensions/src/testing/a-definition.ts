import type { JsonObject } from "@dataplane/meta";

export const definitionsPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
export const widgetsPath = "/apis/example.com/v1/namespaces/default/widgets";

/** A schema with a spec of these fields, and a status. */
export const schemaOf = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({
  openAPIV3Schema: {
    type: "object",
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: { type: "object" },
      spec: { type: "object", properties },
      status: { type: "object", properties: { replicas: { type: "integer" }, phase: { type: "string" } } },
    },
    ...more,
  },
});

export const aVersion = (name = "v1", more: JsonObject = {}): JsonObject => ({
  name,
  served: true,
  storage: true,
  schema: schemaOf({ color: { type: "string" }, size: { type: "integer", default: 1 } }),
  ...more,
});

/** Widgets of example.com, as a tool would write them; `spec` replaces fields of the spec. */
export const aDefinition = (spec: JsonObject = {}, name = "widgets.example.com"): JsonObject => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name },
  spec: {
    group: "example.com",
    names: { plural: "widgets", kind: "Widget", shortNames: ["wd"] },
    scope: "Namespaced",
    versions: [aVersion()],
    ...spec,
  },
});

export const aWidget = (name: string, spec: JsonObject = { color: "red" }): JsonObject => ({
  apiVersion: "example.com/v1",
  kind: "Widget",
  metadata: { name },
  spec,
});
