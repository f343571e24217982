import type { Cause, JsonObject } from "@dataplane/meta";
import { fieldPath } from "../schema/field-path.js";

// What ConfigMap and Secret have in common: https://kubernetes.io/docs/concepts/configuration/configmap/ and .../secret/.

const maxKeyLength = 253;
const maxBytes = 1_048_576;

/** Causes for keys that could not be file names. `invalid` words are kube-apiserver's. */
export function keyCauses(field: string, data: JsonObject | undefined): readonly Cause[] {
  return Object.keys(data ?? {}).flatMap((key) => {
    const problem = keyProblem(key);
    const at = fieldPath(field, key);
    return problem === undefined ? [] : [{ reason: "FieldValueInvalid", field: at, message: `Invalid value: ${JSON.stringify(key)}: ${problem}` }];
  });
}

function keyProblem(key: string): string | undefined {
  if (key.length > maxKeyLength) return `must be no more than ${String(maxKeyLength)} characters`;
  if (key === ".") return "must not be '.'";
  if (key === "..") return "must not be '..'";
  if (key.startsWith("..")) return "must not start with '..'";
  if (/^[-._a-zA-Z0-9]+$/.test(key)) return undefined;
  return (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', " +
    "regex used for validation is '[-._a-zA-Z0-9]+')"
  );
}

export function sizeCauses(field: string, bytes: number): readonly Cause[] {
  if (bytes <= maxBytes) return [];
  return [{ reason: "FieldValueTooLong", field, message: `Too long: may not be more than ${String(maxBytes)} bytes` }];
}

interface Immutable {
  readonly immutable?: unknown;
}

/** An object that was made immutable stays so, with these fields as they were. */
export function immutableCauses<T extends Immutable>(object: T, old: T | undefined, fields: readonly (keyof T & string)[]): readonly Cause[] {
  if (old?.immutable !== true) return [];
  const forbidden = (field: string): Cause => ({
    reason: "FieldValueForbidden",
    field,
    message: "Forbidden: field is immutable when `immutable` is set",
  });
  const changed = fields.filter((field) => JSON.stringify(object[field] ?? {}) !== JSON.stringify(old[field] ?? {}));
  return [...(object.immutable === true ? [] : [forbidden("immutable")]), ...changed.map(forbidden)];
}
