import type { Cause, JsonObject } from "@dataplane/meta";
import { invalidValue, required } from "./field-errors.js";
import { fieldPath } from "./field-path.js";
import type { StructuralSchema } from "./structural-schema.js";

const needed = (field: string): Cause => ({ ...required(field), message: "Required value: must not be empty" });

/** What an embedded resource must be beside its schema: an object of a kind. */
export function embeddedCauses(schema: StructuralSchema, value: JsonObject, path: string): readonly Cause[] {
  if (schema["x-kubernetes-embedded-resource"] !== true) return [];
  const causes: Cause[] = [];
  const { apiVersion, kind } = value;
  if (apiVersion === undefined || apiVersion === "") causes.push(needed(fieldPath(path, "apiVersion")));
  else if (typeof apiVersion === "string" && apiVersion.split("/").length > 2) {
    causes.push(invalidValue(fieldPath(path, "apiVersion"), apiVersion, `unexpected GroupVersion string: ${apiVersion}`));
  }
  if (kind === undefined || kind === "") causes.push(needed(fieldPath(path, "kind")));
  else if (typeof kind === "string" && !isKind(kind)) causes.push(invalidValue(fieldPath(path, "kind"), kind, kindWords));
  return causes;
}

const isKind = (kind: string): boolean => kind.length <= 63 && /^[a-z](?:[-a-z0-9]*[a-z0-9])?$/.test(kind.toLowerCase());

const kindWords =
  "may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
