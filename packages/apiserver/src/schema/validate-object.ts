import type { Cause, JsonObject } from "@dataplane/meta";
import { hasRules } from "./cel/rules/compiled-rules.js";
import { evaluateRules } from "./cel/rules/evaluate-rules.js";
import type { StructuralSchema } from "./structural-schema.js";
import { validateSchema } from "./validate-schema.js";

export interface ObjectCauses {
  /** What the keywords of the schema say. Code that takes the object's form for granted must not see it when there are any. */
  readonly structural: readonly Cause[];
  /** What its rules in CEL say, or that they were not asked. */
  readonly rules: readonly Cause[];
}

const blocking: ReadonlySet<string> = new Set([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);

const unchecked: Cause = {
  reason: "FieldValueInvalid",
  message:
    "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
  field: "<nil>",
};

/**
 * All that the schema of a whole object says of one. `old` is what is stored, undefined on creation: what has not changed since is not
 * refused again (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-ratcheting).
 */
export function validateObject(schema: StructuralSchema, object: JsonObject, old: JsonObject | undefined): ObjectCauses {
  const structural = validateSchema(schema, object, "", old);
  if (!hasRules(schema)) return { structural, rules: [] };
  return { structural, rules: structural.some(({ reason }) => blocking.has(reason)) ? [unchecked] : evaluateRules(schema, object, old) };
}
