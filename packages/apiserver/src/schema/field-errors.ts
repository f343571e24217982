import type { Cause, JsonValue } from "@dataplane/meta";

// Reasons and words of k8s.io/apimachinery's field errors: clients and people search for them.

export const required = (field: string): Cause => ({ reason: "FieldValueRequired", message: "Required value", field });

export const invalidValue = (field: string, value: JsonValue, why: string): Cause => ({
  reason: "FieldValueInvalid",
  message: `Invalid value: ${shown(value)}: ${why}`,
  field,
});

export const typeInvalid = (field: string, found: string, wanted: string): Cause => ({
  reason: "FieldValueTypeInvalid",
  message: `Invalid value: ${JSON.stringify(found)}: must be of type ${wanted}: ${JSON.stringify(found)}`,
  field,
});

export const notSupported = (field: string, value: JsonValue, supported: readonly JsonValue[]): Cause => ({
  reason: "FieldValueNotSupported",
  message: `Unsupported value: ${shown(value)}: supported values: ${supported.map((it) => JSON.stringify(it)).join(", ")}`,
  field,
});

export const duplicate = (field: string, value: JsonValue): Cause => ({
  reason: "FieldValueDuplicate",
  message: `Duplicate value: ${shown(value)}`,
  field,
});

export const tooLong = (field: string, bytes: number): Cause => ({
  reason: "FieldValueTooLong",
  message: `Too long: may not be more than ${bytes} chars long`,
  field,
});

export const tooMany = (field: string, actual: number, most: number): Cause => ({
  reason: "FieldValueTooMany",
  message: `Too many: ${actual}: must have at most ${most} items`,
  field,
});

/** The value as JSON, cut: an error must not carry a body back. */
function shown(value: JsonValue): string {
  const text = JSON.stringify(value);
  return text.length > 256 ? `${text.slice(0, 256)}…` : text;
}
