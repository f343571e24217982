import type { StructuralSchema } from "./structural-schema.js";

/** A list of meta/v1 Condition (https://pkg.go.dev/k8s.io/apimachinery/pkg/apis/meta/v1#Condition). */
export const conditionsSchema: StructuralSchema = {
  type: "array",
  description: "What is true of the object now, one entry a type.",
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["type"],
  "x-kubernetes-patch-strategy": "merge",
  "x-kubernetes-patch-merge-key": "type",
  items: {
    type: "object",
    required: ["type", "status", "lastTransitionTime", "reason", "message"],
    properties: {
      type: { type: "string", maxLength: 316, description: "What the condition is about, in CamelCase." },
      status: { type: "string", enum: ["True", "False", "Unknown"], description: "Whether it holds." },
      reason: { type: "string", minLength: 1, maxLength: 1024, description: "One CamelCase word for programs: why the status is what it is." },
      message: { type: "string", maxLength: 32768, description: "The same for people; may be empty." },
      lastTransitionTime: { type: "string", format: "date-time", description: "When the status last changed." },
      observedGeneration: {
        type: "integer",
        format: "int64",
        minimum: 0,
        description: "The metadata.generation that the condition was derived from.",
      },
    },
  },
};
