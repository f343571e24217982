import type { JsonValue } from "@dataplane/meta";

/**
 * A rule in CEL about the value of its schema, `self`, and what it was before, `oldSelf`
 * (https://kubernetes.io/docs/reference/using-api/cel/, x-kubernetes-validations).
 */
export interface ValidationRule {
  readonly rule: string;
  readonly message?: string;
  /** CEL that gives the message. */
  readonly messageExpression?: string;
  /** FieldValueInvalid unless told. */
  readonly reason?: "FieldValueInvalid" | "FieldValueForbidden" | "FieldValueRequired" | "FieldValueDuplicate";
  /** Relative to the schema's place, such as `.foo['bar']`. */
  readonly fieldPath?: string;
  /** A rule that reads oldSelf is asked on creation too; oldSelf is then an optional. */
  readonly optionalOldSelf?: boolean;
}

/**
 * A structural schema: what Kubernetes lets `openAPIV3Schema` of a CRD say
 * (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema).
 * Built-in resources and CRDs share it; validation, pruning, defaulting, merging and OpenAPI are walks over it.
 */
export interface StructuralSchema {
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly description?: string;
  readonly format?: string;
  readonly nullable?: boolean;
  readonly default?: JsonValue;
  readonly enum?: readonly JsonValue[];
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly additionalProperties?: StructuralSchema | boolean;
  readonly required?: readonly string[];
  readonly items?: StructuralSchema;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;
  readonly uniqueItems?: boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly title?: string;
  readonly externalDocs?: JsonValue;
  /** Value validations only: they add no field. */
  readonly allOf?: readonly StructuralSchema[];
  readonly anyOf?: readonly StructuralSchema[];
  readonly oneOf?: readonly StructuralSchema[];
  readonly not?: StructuralSchema;
  readonly example?: JsonValue;
  readonly "x-kubernetes-validations"?: readonly ValidationRule[];
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-embedded-resource"?: boolean;
  readonly "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-map-type"?: "atomic" | "granular";
  /** Built-in kinds only: keys of strategic merge. */
  readonly "x-kubernetes-patch-strategy"?: string;
  readonly "x-kubernetes-patch-merge-key"?: string;
  /** Built-in kinds only: published once under this name, and referred to. Such a schema may contain itself. */
  readonly "x-dataplane-component"?: string;
  /** Built-in kinds only: published as `required`, and not held to it by the schema. */
  readonly "x-dataplane-required"?: readonly string[];
  /** Kept and published, not read here. */
  readonly [extension: `x-${string}`]: unknown;
}
