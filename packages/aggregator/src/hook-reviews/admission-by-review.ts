import { Buffer } from "node:buffer";
import { randomUUID } from "node:crypto";
import { type AdmissionAttributes, type AdmissionHook, type AdmissionVerdict, applyJsonPatch, denialDetails } from "@dataplane/apiserver";
import { ApiError, isJsonObject, type JsonObject, type JsonValue, type UserInfo } from "@dataplane/meta";
import { brokenHook, denialOf, mutatedObject } from "../admission-answer.js";

/** Someone who answers AdmissionReviews; `who` names them, in words. */
export interface ReviewPeer {
  readonly who: string;
  /** Gives `response` of the answer. Throws ApiError when there is none. */
  readonly ask: (
    step: "mutate" | "validate",
    request: JsonObject & { readonly uid: string },
    caller: { readonly user: UserInfo; readonly signal: AbortSignal },
  ) => Promise<JsonObject>;
}

/** A say in writes that is asked for by AdmissionReviews. Throws ApiError when it could not be asked, BadGateway for an answer that breaks the rules. */
export function admissionByReview({ who, ask }: ReviewPeer): AdmissionHook {
  const asked = (step: "mutate" | "validate", attributes: AdmissionAttributes, signal: AbortSignal): Promise<JsonObject> =>
    ask(step, reviewRequest(attributes), { user: attributes.user, signal });
  return {
    async mutate(attributes, signal) {
      const response = await asked("mutate", attributes, signal);
      const verdict = verdictOf(response, who);
      const { object } = attributes;
      const patch = verdict.denial === undefined ? patchOf(response, who) : undefined;
      if (patch === undefined) return { ...verdict, object };
      if (object === undefined) throw brokenHook(who, "answered with a patch of an object that is not there");
      return { ...verdict, object: mutatedObject(object, patched(object, patch, who), who) };
    },
    async validate(attributes, signal) {
      const response = await asked("validate", attributes, signal);
      const verdict = verdictOf(response, who);
      if (patchOf(response, who) !== undefined) throw brokenHook(who, "answered a validation with a patch");
      return verdict;
    },
  };
}

/** https://pkg.go.dev/k8s.io/api/admission/v1#AdmissionRequest */
function reviewRequest(attributes: AdmissionAttributes): JsonObject & { readonly uid: string } {
  const { operation, kind, resource, subresource, name, namespace, object, oldObject, dryRun, options, user } = attributes;
  const { name: username, uid, groups, extra } = user;
  const [kindOf, resourceOf] = [{ ...kind }, { ...resource }];
  return {
    uid: randomUUID(),
    ...{ kind: kindOf, resource: resourceOf, requestKind: kindOf, requestResource: resourceOf },
    ...(subresource === "" ? {} : { subResource: subresource, requestSubResource: subresource }),
    ...(name === "" ? {} : { name }),
    ...(namespace === "" ? {} : { namespace }),
    ...{ operation, object: object ?? null, oldObject: oldObject ?? null, dryRun },
    ...(options === undefined ? {} : { options }),
    userInfo: { username, ...(uid === undefined ? {} : { uid }), groups, ...(extra === undefined ? {} : { extra }) },
  };
}

function verdictOf({ allowed, status, warnings: given }: JsonObject, who: string): AdmissionVerdict {
  if (typeof allowed !== "boolean") throw brokenHook(who, "answered a review that does not say whether it is allowed");
  const warnings = Array.isArray(given) ? given.filter((warning): warning is string => typeof warning === "string") : [];
  if (allowed) return { warnings };
  const { code, reason, message, details: said } = isJsonObject(status) ? status : {};
  const details = denialDetails(said);
  const words = { reason: text(reason), message: text(message), ...(details === undefined ? {} : { details }) };
  return { warnings, denial: denialOf({ ...(typeof code === "number" ? { code } : {}), ...words }) };
}

/** RFC 6902, JSON in base64. Undefined for none. */
function patchOf({ patch, patchType }: JsonObject, who: string): JsonValue | undefined {
  if (patch === undefined || patch === null || patch === "") return undefined;
  if (patchType !== "JSONPatch" || typeof patch !== "string") throw brokenHook(who, "answered with a patch that is no JSONPatch");
  try {
    const parsed: unknown = JSON.parse(Buffer.from(patch, "base64").toString("utf8"));
    if (isJson(parsed)) return parsed;
  } catch {
    // Said below.
  }
  throw brokenHook(who, "answered with a patch that is no JSON in base64");
}

// Whatever JSON.parse gave is JSON.
const isJson = (value: unknown): value is JsonValue => value !== undefined;

function patched(object: JsonObject, patch: JsonValue, who: string): JsonObject | undefined {
  try {
    const after = applyJsonPatch(object, patch);
    return isJsonObject(after) ? after : undefined;
  } catch (thrown) {
    if (thrown instanceof ApiError) throw brokenHook(who, `answered with a patch that cannot be applied: ${thrown.message}`);
    throw thrown;
  }
}

const text = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");
