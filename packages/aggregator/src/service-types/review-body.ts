import { exceedsDepth, maxDepth, parseJson } from "@dataplane/apiserver";
import { type ApiError, badRequest, type HttpRequest, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { readText, requireJsonContentType } from "../request-body.js";

/** Error types of a field, as Kubernetes names them. */
type FieldReason = "FieldValueRequired" | "FieldValueInvalid" | "FieldValueNotSupported" | "FieldValueForbidden";

export const fieldError = (field: string, reason: FieldReason, message: string): ApiError =>
  badRequest(`${field}: ${message}`, { details: { causes: [{ reason, field, message }] } });

/** `request` of a review of that kind (AdmissionReview, ConversionReview). Throws BadRequest with the path of a field at fault, 413 and 415. */
export async function readReview(
  request: HttpRequest,
  { apiVersion, kind, limitBytes }: { readonly apiVersion: string; readonly kind: string; readonly limitBytes: number },
): Promise<JsonObject> {
  requireJsonContentType(request);
  const review = parseJson(await readText(request, limitBytes));
  if (!isJsonObject(review)) throw badRequest(`the body must be a JSON object, an ${kind} of ${apiVersion}`);
  if (exceedsDepth(review, maxDepth)) throw badRequest(`the body is nested deeper than ${maxDepth} levels`);
  requireValue(review, "apiVersion", apiVersion);
  requireValue(review, "kind", kind);
  return objectAt(review, "", "request");
}

function requireValue(review: JsonObject, field: string, expected: string): void {
  const value = stringAt(review, "", field);
  if (value !== expected) throw fieldError(field, "FieldValueNotSupported", `Unsupported value: ${JSON.stringify(value)}: it must be ${expected}`);
}

/** The object in `parent`'s field `name`; `path` is the parent's own, for errors. */
export function objectAt(parent: JsonObject, path: string, name: string): JsonObject {
  const value = optional(parent, name);
  const field = fieldPath(path, name);
  if (value === undefined) throw fieldError(field, "FieldValueRequired", "Required value");
  if (!isJsonObject(value)) throw fieldError(field, "FieldValueInvalid", "Invalid value: it must be an object");
  return value;
}

/** The text in a field; absent and null are empty when `optional`. */
export function stringAt(parent: JsonObject, path: string, name: string, presence: "required" | "optional" = "required"): string {
  const value = optional(parent, name);
  const field = fieldPath(path, name);
  if (value === undefined || value === "") {
    if (presence === "optional") return "";
    throw fieldError(field, "FieldValueRequired", "Required value");
  }
  if (typeof value !== "string") throw fieldError(field, "FieldValueInvalid", "Invalid value: it must be a string");
  return value;
}

/** The value of a field; null is no value. */
export function optional(parent: JsonObject, name: string): JsonValue | undefined {
  const value = Object.hasOwn(parent, name) ? parent[name] : undefined;
  return value ?? undefined;
}

const fieldPath = (path: string, name: string): string => (path === "" ? name : `${path}.${name}`);
