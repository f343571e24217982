import { defineResource } from "../define-resource.js";
import { s } from "../schema/builder.js";
import { objectSchema } from "../schema/object-schema.js";

/** A namespaced kind with most of what a definition can say. */
export const widgets = defineResource({
  group: "example.com",
  version: "v1",
  kind: "Widget",
  plural: "widgets",
  shortNames: ["wd"],
  scope: "namespaced",
  hasStatus: true,
  schema: objectSchema({
    spec: s.object({
      color: s.enum(["red", "green"]).describe("The color it has."),
      size: s.integer().min(0).default(1),
      parts: s
        .array(s.object({ name: s.string(), count: s.integer().optional() }))
        .listMap("name")
        .optional(),
    }),
    status: s.object({ phase: s.string().optional() }).optional(),
  }),
  selectableFields: ["spec.color"],
  validate: ({ spec }) => (spec.size > 100 ? [{ reason: "FieldValueInvalid", message: "Invalid value: too big", field: "spec.size" }] : []),
  columns: [
    { name: "Color", value: ({ spec }) => spec.color },
    { name: "Size", type: "integer", priority: 1, value: ({ spec }) => spec.size },
  ],
});
