import { type AdmissionAttributes, type AdmissionOperation, admissionOperations, jsonDiff, type MutationVerdict } from "@dataplane/apiserver";
import { apiVersionOf, type GroupVersionKind, type HttpRequest, isJsonObject, type JsonObject, type UserInfo } from "@dataplane/meta";
import { fieldError, objectAt, optional, readReview, stringAt } from "./review-body.js";

/** `admission.k8s.io/v1` (https://pkg.go.dev/k8s.io/api/admission/v1#AdmissionReview). */
const review = { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview" } as const;

export interface AdmissionReviewRequest {
  readonly uid: string;
  readonly attributes: AdmissionAttributes;
}

/** Throws BadRequest with the path of the field at fault. */
export async function readAdmissionReview(request: HttpRequest, limitBytes: number): Promise<AdmissionReviewRequest> {
  const asked = await readReview(request, { ...review, limitBytes });
  const at = "request";
  const kindFields = objectAt(asked, at, "kind");
  const resourceFields = objectAt(asked, at, "resource");
  const kind = {
    group: stringAt(kindFields, "request.kind", "group", "optional"),
    version: stringAt(kindFields, "request.kind", "version"),
    kind: stringAt(kindFields, "request.kind", "kind"),
  };
  const operation = operationOf(asked);
  const attributes = {
    operation,
    kind,
    resource: {
      group: stringAt(resourceFields, "request.resource", "group", "optional"),
      version: stringAt(resourceFields, "request.resource", "version"),
      resource: stringAt(resourceFields, "request.resource", "resource"),
    },
    subresource: stringAt(asked, at, "subResource", "optional"),
    name: stringAt(asked, at, "name", "optional"),
    namespace: stringAt(asked, at, "namespace", "optional"),
    object: objectOf(asked, "object", kind, presence.object[operation]),
    oldObject: objectOf(asked, "oldObject", kind, presence.oldObject[operation]),
    dryRun: dryRunOf(asked),
    ...(optional(asked, "options") === undefined ? {} : { options: objectAt(asked, at, "options") }),
    user: userOf(asked),
  };
  return { uid: stringAt(asked, at, "uid"), attributes };
}

const presence = {
  object: { CREATE: "required", UPDATE: "required", DELETE: "forbidden" },
  oldObject: { CREATE: "forbidden", UPDATE: "required", DELETE: "optional" },
} as const;

function operationOf(request: JsonObject): AdmissionOperation {
  const text = stringAt(request, "request", "operation");
  const known = admissionOperations.find((operation) => operation === text);
  if (known !== undefined) return known;
  const why = text === "CONNECT" ? "plugins have no say in CONNECT; only" : "supported values:";
  throw fieldError(
    "request.operation",
    "FieldValueNotSupported",
    `Unsupported value: ${JSON.stringify(text)}: ${why} ${admissionOperations.join(", ")}`,
  );
}

function objectOf(
  request: JsonObject,
  name: "object" | "oldObject",
  kind: GroupVersionKind,
  expectation: "required" | "optional" | "forbidden",
): JsonObject | undefined {
  const given = optional(request, name) !== undefined;
  const field = `request.${name}`;
  if (!given && expectation !== "required") return undefined;
  if (given && expectation === "forbidden") {
    throw fieldError(field, "FieldValueForbidden", `Forbidden: there is none on ${stringAt(request, "request", "operation")}`);
  }
  const object = objectAt(request, "request", name);
  const expected = { apiVersion: apiVersionOf(kind), kind: kind.kind };
  for (const key of ["apiVersion", "kind"] as const) {
    const value = stringAt(object, field, key);
    if (value !== expected[key]) {
      throw fieldError(`${field}.${key}`, "FieldValueInvalid", `Invalid value: ${JSON.stringify(value)}: request.kind says ${expected[key]}`);
    }
  }
  return object;
}

function dryRunOf(request: JsonObject): boolean {
  const value = optional(request, "dryRun") ?? false;
  if (typeof value !== "boolean") throw fieldError("request.dryRun", "FieldValueInvalid", "Invalid value: it must be true or false");
  return value;
}

function userOf(request: JsonObject): UserInfo {
  const info = optional(request, "userInfo") === undefined ? {} : objectAt(request, "request", "userInfo");
  const path = "request.userInfo";
  const uid = stringAt(info, path, "uid", "optional");
  const extra = optional(info, "extra") === undefined ? {} : objectAt(info, path, "extra");
  return {
    name: stringAt(info, path, "username", "optional"),
    ...(uid === "" ? {} : { uid }),
    groups: strings(info["groups"] ?? [], `${path}.groups`),
    extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, strings(values, `${path}.extra.${key}`)])),
  };
}

function strings(value: unknown, field: string): readonly string[] {
  const isList = Array.isArray(value) && value.every((item): item is string => typeof item === "string");
  if (!isList) throw fieldError(field, "FieldValueInvalid", "Invalid value: it must be a list of strings");
  return value;
}

/** The review as it is answered: a patch (RFC 6902) when a mutation changed the object. */
export function admissionReviewAnswer(
  { uid, attributes }: AdmissionReviewRequest,
  verdict: Omit<MutationVerdict, "object"> & Partial<MutationVerdict>,
) {
  const { denial, warnings } = verdict;
  const status = denial === undefined ? {} : { status: { status: "Failure", ...denial } };
  const patch = denial === undefined ? patchOf(attributes.object, verdict.object) : undefined;
  return {
    ...review,
    response: {
      uid,
      allowed: denial === undefined,
      ...status,
      ...(patch === undefined ? {} : { patch, patchType: "JSONPatch" }),
      ...(warnings.length === 0 ? {} : { warnings }),
    },
  };
}

function patchOf(before: JsonObject | undefined, after: unknown): string | undefined {
  if (before === undefined || !isJsonObject(after)) return undefined;
  const patch = jsonDiff(before, after);
  return patch.length === 0 ? undefined : Buffer.from(JSON.stringify(patch)).toString("base64");
}
