import type { Cause, JsonValue } from "@dataplane/meta";

// Reasons and words of k8s.io/apimachinery's field errors, and of the validation of custom resources: clients and people search for them.

export const required = (field: string): Cause => ({ reason: "FieldValueRequired", message: "Required value", field });

export const invalidValue = (field: string, value: JsonValue, why: string): Cause => ({
  reason: "FieldValueInvalid",
  message: `Invalid value: ${shown(value)}: ${why}`,
  field,
});

/** Without a value: one that is an object or a list is not repeated. */
export const ofValue = (field: string, value: JsonValue | undefined, why: string): Cause =>
  value === undefined
    ? { reason: "FieldValueInvalid", message: why === "" ? "Invalid value" : `Invalid value: ${why}`, field }
    : invalidValue(field, value, why);

/** What a keyword of the schema wants of the field: `spec.size in body should be less than 3`. */
export const unfit = (field: string, value: JsonValue, wish: string): Cause =>
  invalidValue(field, value, `${field}${field === "" ? "" : " "}in body ${wish}`);

/** A wish of more than one schema: Kubernetes names the field in the text alone. */
export const uncombined = (field: string, wish: string): Cause => invalidValue("<nil>", "", `${JSON.stringify(field)} ${wish}`);

export const typeInvalid = (field: string, found: string, wanted: string): Cause => ({
  ...unfit(field, found, `must be of type ${wanted}: ${shown(found)}`),
  reason: "FieldValueTypeInvalid",
});

export const notSupported = (field: string, value: JsonValue, supported: readonly JsonValue[]): Cause => ({
  reason: "FieldValueNotSupported",
  message: `Unsupported value: ${shown(value)}: supported values: ${supported.map((it) => JSON.stringify(typeof it === "string" ? it : JSON.stringify(it))).join(", ")}`,
  field,
});

export const duplicate = (field: string, value: JsonValue): Cause => ({
  reason: "FieldValueDuplicate",
  message: `Duplicate value: ${shown(value)}`,
  field,
});

export const tooLong = (field: string, bytes: number): Cause => ({
  reason: "FieldValueTooLong",
  message: `Too long: may not be more than ${bytes} ${bytes === 1 ? "byte" : "bytes"}`,
  field,
});

export const tooMany = (field: string, actual: number, most: number): Cause => ({
  reason: "FieldValueTooMany",
  message: `Too many: ${actual}: must have at most ${most} ${most === 1 ? "item" : "items"}`,
  field,
});

/** The value as Go prints it, cut: an error must not carry a body back. */
function shown(value: JsonValue): string {
  const text = typeof value === "string" ? JSON.stringify(value) : goJson(value);
  return text.length > 256 ? `${text.slice(0, 256)}…` : text;
}

const escapes: ReadonlyMap<string, string> = new Map(Object.entries({ "<": "\\u003c", ">": "\\u003e", "&": "\\u0026" }));

/** JSON as Go's encoder writes it: fit for HTML. */
export const goJson = (value: JsonValue): string => JSON.stringify(value).replaceAll(/[<>&]/g, (character) => escapes.get(character) ?? character);
