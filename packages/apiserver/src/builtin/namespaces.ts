import { defineResource } from "../define-resource.js";
import { s } from "../schema/builder.js";
import { objectSchema } from "../schema/object-schema.js";

const nameLabel = "kubernetes.io/metadata.name";

/** Namespace of core/v1: where namespaced objects live. Its delete empties it first. */
export const namespaces = defineResource({
  group: "",
  version: "v1",
  kind: "Namespace",
  plural: "namespaces",
  shortNames: ["ns"],
  scope: "cluster",
  description: "A scope for names.",
  nameRule: "dnsLabel",
  strategicMerge: true,
  // One at a time: kube-apiserver serves no deletion of a collection either.
  verbs: ["create", "delete", "get", "list", "patch", "update", "watch"],
  finalizedByServer: true,
  // What the server itself lives in.
  keptNames: new Set(["default", "kube-system"]),
  selectableFields: ["status.phase"],
  // So that a label selector can mean one namespace.
  prepare: ({ object }) => ({
    object: { ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, [nameLabel]: object.metadata.name } } },
  }),
  schema: objectSchema({
    spec: s.object({ finalizers: s.array(s.string()).optional() }).optional(),
    status: s.object({ phase: s.string().default("Active") }).default({ phase: "Active" }),
  }),
  columns: [{ name: "Status", description: "The phase of the namespace.", value: ({ status }) => status.phase }],
});
