import type { Cause, JsonValue } from "@dataplane/meta";

export const invalidValue = (field: string, value: JsonValue, why: string): Cause => ({
  reason: "FieldValueInvalid",
  field,
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
});

export const requiredValue = (field: string, why: string): Cause => ({ reason: "FieldValueRequired", field, message: `Required value: ${why}` });

export const duplicateValue = (field: string, value: string): Cause => ({
  reason: "FieldValueDuplicate",
  field,
  message: `Duplicate value: ${JSON.stringify(value)}`,
});

export const forbidden = (field: string, why: string): Cause => ({ reason: "FieldValueForbidden", field, message: `Forbidden: ${why}` });
