import { defineResource } from "../define-resource.js";
import { s } from "../schema/builder.js";
import { invalidValue } from "../schema/field-errors.js";
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
  zero: { spec: {} },
  createsOnUpdate: true,
  unconditionalUpdate: false,
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
  validate: ({ spec }) => [
    ...(spec?.leaseDurationSeconds === undefined || spec.leaseDurationSeconds > 0
      ? []
      : [invalidValue("spec.leaseDurationSeconds", spec.leaseDurationSeconds, "must be greater than 0")]),
    ...(spec?.leaseTransitions === undefined || spec.leaseTransitions >= 0
      ? []
      : [invalidValue("spec.leaseTransitions", spec.leaseTransitions, "must be greater than or equal to 0")]),
  ],
  columns: [{ name: "Holder", description: "Who holds the lease.", value: ({ spec }) => spec?.holderIdentity }],
});
