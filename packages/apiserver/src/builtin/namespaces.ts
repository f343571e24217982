import { defineResource } from "../define-resource.js";
import { s } from "../schema/builder.js";
import { objectSchema } from "../schema/object-schema.js";

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
  finalizedByServer: true,
  schema: objectSchema({
    spec: s.object({ finalizers: s.array(s.string()).optional() }).optional(),
    status: s.object({ phase: s.string().default("Active") }).default({ phase: "Active" }),
  }),
  columns: [{ name: "Status", description: "The phase of the namespace.", value: ({ status }) => status.phase }],
});
