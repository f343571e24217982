import { badRequest, invalid, isJsonObject, type JsonObject } from "@dataplane/meta";
import { parseJson } from "../parse-json.js";
import { plainText } from "../plain-text.js";
import { decodeObject, protobufMediaType } from "../protobuf/decode-object.js";
import { mediaTypeOf, readBytes, requireJsonObject, textOf, unsupportedMediaType } from "../read-body.js";
import { invalidValue, notSupported } from "../schema/field-errors.js";
import { parseYamlBody } from "../yaml-body.js";
import type { VerbCall } from "./verb-call.js";
import { dryRunOf } from "./write-options.js";

export const propagationPolicies = ["Background", "Foreground", "Orphan"] as const;
export type PropagationPolicy = (typeof propagationPolicies)[number];

/** `meta/v1.DeleteOptions` of the body, with what the query says. */
export interface DeleteOptions {
  readonly dryRun: boolean;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  /** Undefined: as the resource has it. */
  readonly propagationPolicy: PropagationPolicy | undefined;
}

/** Throws BadRequest, Invalid, UnsupportedMediaType. */
export async function deleteOptions({ request, services }: VerbCall): Promise<DeleteOptions> {
  const body = await optionsBody(request, services.bodyLimitBytes);
  const preconditions = body["preconditions"] ?? {};
  if (!isJsonObject(preconditions)) throw badRequest("preconditions must be an object");
  const listed: unknown = body["dryRun"] ?? [];
  const dryRun = dryRunOf([...request.query.getAll("dryRun"), ...(Array.isArray(listed) ? listed.map(plainText) : [listed])]);
  const { query } = request;
  const asked = {
    propagationPolicy: body["propagationPolicy"] ?? query.get("propagationPolicy") ?? undefined,
    orphanDependents: body["orphanDependents"] ?? booleanOf(query.get("orphanDependents")),
  };
  return { dryRun, uid: text(preconditions["uid"]), resourceVersion: text(preconditions["resourceVersion"]), propagationPolicy: policyOf(asked) };
}

/** In Kubernetes' order. */
const told: readonly PropagationPolicy[] = ["Foreground", "Background", "Orphan"];

function policyOf({ propagationPolicy, orphanDependents }: { readonly propagationPolicy: unknown; readonly orphanDependents: unknown }) {
  const hasPolicy = propagationPolicy !== undefined && propagationPolicy !== "";
  if (hasPolicy && orphanDependents !== undefined) {
    const why = "orphanDependents and deletionPropagation cannot be both set";
    throw invalid("DeleteOptions", "meta.k8s.io", "", [invalidValue("propagationPolicy", plainText(propagationPolicy), why)]);
  }
  if (orphanDependents !== undefined) return orphanDependents === true ? ("Orphan" as const) : ("Background" as const);
  if (!hasPolicy) return undefined;
  const policy = propagationPolicies.find((it) => it === propagationPolicy);
  if (policy === undefined)
    throw invalid("DeleteOptions", "meta.k8s.io", "", [notSupported("propagationPolicy", plainText(propagationPolicy), [...told, "nil"])]);
  return policy;
}

const booleanOf = (value: string | null): boolean | undefined => (value === null || value === "" ? undefined : value === "true" || value === "1");

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

async function optionsBody(request: VerbCall["request"], limit: number): Promise<JsonObject> {
  const bytes = await readBytes(request, limit);
  if (bytes.byteLength === 0) return {};
  const type = mediaTypeOf(request);
  if (type === protobufMediaType) return decodeObject(bytes);
  if (type === "" || type === "application/json") return requireJsonObject(parseJson(textOf(bytes)));
  if (type === "application/yaml") return requireJsonObject((await parseYamlBody(textOf(bytes))).value);
  throw unsupportedMediaType(["application/json", "application/yaml", protobufMediaType]);
}
