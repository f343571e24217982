import { goTestPlugin } from "./install-plugin.js";

/** A kind in two versions, v1 stored, without a converter of its own, and DataPlaneServices by which the Go test plugin has its say in it. */
export function hookedThings(group: string) {
  const names = { plural: "things", singular: "thing", kind: "Thing", listKind: "ThingList" };
  const anySpec = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  const schema = { openAPIV3Schema: { type: "object", properties: { spec: anySpec } } };
  const crd = `things.${group}`;
  return {
    crd,
    definition: {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: { name: crd },
      spec: { group, scope: "Namespaced", names, versions: ["v1", "v2"].map((name) => ({ name, served: true, storage: name === "v1", schema })) },
    },
    service: (version: string) => ({
      apiVersion: "aggregation.grafana.app/v0alpha1",
      kind: "DataPlaneService",
      metadata: { name: `${version}.${group}` },
      spec: { pluginID: goTestPlugin, pluginType: "datasource", group, version, services: [{ type: "admission" }, { type: "conversion" }] },
    }),
    thing: (name: string, spec: object, version = "v1") => ({
      apiVersion: `${group}/${version}`,
      kind: "Thing",
      metadata: { name, namespace: "default" },
      spec,
    }),
  };
}
