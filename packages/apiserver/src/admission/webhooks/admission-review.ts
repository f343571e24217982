import { type GroupVersionKind, type GroupVersionResource, isJsonObject, type JsonObject, type JsonValue, type UserInfo } from "@dataplane/meta";
import type { AdmissionAttributes } from "../admission-hook.js";

/** How one webhook is asked about a write: in which of the versions that the resource has. */
export interface Invocation {
  readonly kind: GroupVersionKind;
  readonly resource: GroupVersionResource;
  /** In the version of `kind`. */
  readonly object: JsonObject | undefined;
  readonly oldObject: JsonObject | undefined;
}

/** `request` of an AdmissionReview (`admission.k8s.io/v1`). */
export function admissionRequest(uid: string, attributes: AdmissionAttributes, { kind, resource, object, oldObject }: Invocation): JsonObject {
  const { subresource } = attributes;
  return {
    uid,
    kind: kindJson(kind),
    resource: resourceJson(resource),
    ...(subresource === "" ? {} : { subResource: subresource }),
    requestKind: kindJson(attributes.kind),
    requestResource: resourceJson(attributes.resource),
    ...(subresource === "" ? {} : { requestSubResource: subresource }),
    ...(attributes.name === "" ? {} : { name: attributes.name }),
    ...(attributes.namespace === "" ? {} : { namespace: attributes.namespace }),
    operation: attributes.operation,
    userInfo: userJson(attributes.user),
    object: object ?? null,
    oldObject: oldObject ?? null,
    dryRun: attributes.dryRun,
    options: attributes.options ?? null,
  };
}

const kindJson = ({ group, version, kind }: GroupVersionKind): JsonObject => ({ group, version, kind });
const resourceJson = ({ group, version, resource }: GroupVersionResource): JsonObject => ({ group, version, resource });

const userJson = ({ name, uid, groups, extra }: UserInfo): JsonObject => ({
  username: name,
  ...(uid === undefined ? {} : { uid }),
  groups: [...groups],
  ...(extra === undefined
    ? {}
    : { extra: Object.fromEntries(Object.entries(extra).map(([key, values]): [string, JsonValue] => [key, [...values]])) }),
});

export interface ReviewAnswer {
  readonly allowed: boolean;
  readonly result: JsonObject;
  readonly warnings: readonly string[];
  /** JSON text of a JSON patch; undefined when nothing is to change. */
  readonly patch: string | undefined;
}

export interface ExpectedAnswer {
  readonly version: "v1" | "v1beta1";
  readonly uid: string;
  readonly isMutating: boolean;
}

/** Reads `response`. A text says what breaks the rules of AdmissionReviews, as kube-apiserver words it. */
export function reviewAnswer(review: JsonObject, expected: ExpectedAnswer): ReviewAnswer | string {
  const { response, apiVersion, kind } = review;
  if (!isJsonObject(response)) return "webhook response was absent";
  if (expected.version === "v1") {
    const problem = identityProblem(response, text(apiVersion), text(kind), expected.uid) ?? patchProblem(response, expected.isMutating);
    if (problem !== undefined) return problem;
  }
  const { allowed, status, result, warnings, patch } = response;
  const hasPatch = expected.isMutating && typeof patch === "string" && patch !== "";
  return {
    allowed: allowed === true,
    result: isJsonObject(status) ? status : isJsonObject(result) ? result : {},
    warnings: Array.isArray(warnings) ? (warnings as readonly JsonValue[]).filter((it) => typeof it === "string") : [],
    patch: hasPatch ? Buffer.from(patch, "base64").toString("utf8") : undefined,
  };
}

function identityProblem({ uid }: JsonObject, apiVersion: string, kind: string, expected: string): string | undefined {
  const found = typeof uid === "string" ? uid : "";
  if (found !== expected) return `expected response.uid=${JSON.stringify(expected)}, got ${JSON.stringify(found)}`;
  if (apiVersion === "admission.k8s.io/v1" && kind === "AdmissionReview") return undefined;
  return `expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${apiVersion.slice(0, 100)}, Kind=${kind.slice(0, 100)}`;
}

function patchProblem({ patch, patchType }: JsonObject, isMutating: boolean): string | undefined {
  const hasPatch = typeof patch === "string" && patch !== "";
  const hasType = patchType !== undefined && patchType !== null;
  if (!isMutating) {
    if (hasPatch) return "validating webhook may not return response.patch";
    return hasType ? "validating webhook may not return response.patchType" : undefined;
  }
  if (hasPatch && !hasType) return "webhook returned response.patch but not response.patchType";
  if (!hasPatch && hasType) return "webhook returned response.patchType but not response.patch";
  return hasType && patchType !== "JSONPatch" ? `unsupported patch type ${JSON.stringify(patchType)}` : undefined;
}

const text = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");
