import type { Cause, JsonValue } from "@dataplane/meta";

// Reasons and words of k8s.io/apimachinery's field errors: clients and people search for them.

export const required = (field: string, why = ""): Cause => ({
  reason: "FieldValueRequired",
  message: why === "" ? "Required value" : `Required value: ${why}`,
  field,
});

export const invalidValue = (field: string, value: JsonValue, why: string): Cause => ({
  reason: "FieldValueInvalid",
  message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
  field,
});

export const notSupported = (field: string, value: string, supported: readonly string[]): Cause => ({
  reason: "FieldValueNotSupported",
  message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.map((it) => JSON.stringify(it)).join(", ")}`,
  field,
});
