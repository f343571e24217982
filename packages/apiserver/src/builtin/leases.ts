import { defineResource } from "../define-resource.js";
import { s } from "../schema/builder.js";
import { objectSchema } from "../schema/object-schema.js";

/** Lease of coordination.k8s.io/v1: who of several holds a task, and since when. */
export const leases = defineResource({
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  plural: "leases",
  scope: "namespaced",
  description: "A claim that must be renewed to last.",
  strategicMerge: true,
  hasGeneration: false,
  schema: objectSchema({
    spec: s
      .object({
        holderIdentity: s.string().optional(),
        leaseDurationSeconds: s.integer().optional(),
        acquireTime: s.string().optional(),
        renewTime: s.string().optional(),
        leaseTransitions: s.integer().optional(),
        strategy: s.string().optional(),
        preferredHolder: s.string().optional(),
      })
      .optional(),
  }),
  columns: [{ name: "Holder", description: "Who holds the lease.", value: ({ spec }) => spec?.holderIdentity }],
});
