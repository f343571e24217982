import type { Cause } from "@dataplane/meta";

// The words and reasons of k8s.io/apimachinery's field errors: clients and people search for them.

const detailed = (words: string, detail: string): string => (detail === "" ? words : `${words}: ${detail}`);

export const required = (field: string, detail = ""): Cause => ({
  reason: "FieldValueRequired",
  message: detailed("Required value", detail),
  field,
});

export const forbidden = (field: string, detail: string): Cause => ({
  reason: "FieldValueForbidden",
  message: detailed("Forbidden", detail),
  field,
});

export const invalid = (field: string, value: unknown, detail: string): Cause => ({
  reason: "FieldValueInvalid",
  message: detailed(`Invalid value: ${shown(value)}`, detail),
  field,
});

export const duplicate = (field: string, value: unknown): Cause => ({
  reason: "FieldValueDuplicate",
  message: `Duplicate value: ${shown(value)}`,
  field,
});

export const notSupported = (field: string, value: string, supported: readonly string[]): Cause => ({
  reason: "FieldValueNotSupported",
  message: `Unsupported value: ${shown(value)}: supported values: ${supported.map((it) => JSON.stringify(it)).join(", ")}`,
  field,
});

export const tooMany = (field: string, actual: number, most: number): Cause => ({
  reason: "FieldValueTooMany",
  message: `Too many: ${actual}: must have at most ${most} items`,
  field,
});

/** A type, of a schema or of a list, must be there and be this one. */
export function typeCause(type: string, wanted: string, path: string, words: string): readonly Cause[] {
  if (type === wanted) return [];
  return [type === "" ? required(path, words) : invalid(path, type, words)];
}

/** `field: message`, or a list of them in brackets: how Kubernetes prints several errors as one. */
export function aggregate(causes: readonly Cause[]): string {
  const texts = [...new Set(causes.map(({ field, message }) => `${field}: ${message}`))];
  return texts.length === 1 ? (texts[0] ?? "") : `[${texts.join(", ")}]`;
}

/** Cut: an error must not carry a body back. */
function shown(value: unknown): string {
  const text = JSON.stringify(value ?? null);
  return text.length > 512 ? `${text.slice(0, 512)}…` : text;
}
