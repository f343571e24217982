import {
  AdmissionOperation,
  type ConversionResponse,
  type MutationResponse,
  type StatusResult,
  type ValidationResponse,
  type AdmissionRequest as WireAdmissionRequest,
  type ConversionRequest as WireConversionRequest,
} from "@dataplane/plugin-protocol";
import type { Awaitable, Call } from "./call.js";
import { type JsonObject, parseJsonObject } from "./json-object.js";
import { asPluginError, BadRequestError, type PluginError } from "./plugin-error.js";

/** An object on its way into the store (https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/). */
export interface AdmissionRequest {
  readonly operation: "create" | "update" | "delete";
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string };
  /** Empty on delete. */
  readonly object: JsonObject;
  /** Empty on create. */
  readonly oldObject: JsonObject;
}

export interface AdmissionAnswer {
  /** Warnings for the user, whatever the outcome. */
  readonly warnings?: readonly string[];
}

export interface AdmissionHandlers {
  /** Throw a PluginError (BadRequestError, or one with status 403 or 422) to refuse the object. */
  readonly validate?: (request: AdmissionRequest, call: Call) => Awaitable<AdmissionAnswer>;
  /** Returns the object to be stored. Refuses as `validate` does. */
  readonly mutate?: (request: AdmissionRequest, call: Call) => Awaitable<AdmissionAnswer & { readonly object: JsonObject }>;
}

export interface ConversionRequest {
  readonly objects: readonly JsonObject[];
  readonly targetVersion: { readonly group: string; readonly version: string };
}

/** Returns the objects in the target version, in the same order. */
export type ConversionHandler = (request: ConversionRequest, call: Call) => Awaitable<readonly JsonObject[]>;

const operations = {
  [AdmissionOperation.CREATE]: "create",
  [AdmissionOperation.UPDATE]: "update",
  [AdmissionOperation.DELETE]: "delete",
} as const;

export async function answerValidation(
  request: WireAdmissionRequest,
  work: (request: AdmissionRequest) => Awaitable<AdmissionAnswer>,
): Promise<ValidationResponse> {
  try {
    const { warnings = [] } = await work(admissionRequestOf(request));
    return { allowed: true, warnings };
  } catch (thrown) {
    return { allowed: false, warnings: [], result: statusOf(asPluginError(thrown)) };
  }
}

export async function answerMutation(
  request: WireAdmissionRequest,
  work: (request: AdmissionRequest) => Awaitable<AdmissionAnswer & { readonly object: JsonObject }>,
): Promise<MutationResponse> {
  try {
    const { warnings = [], object } = await work(admissionRequestOf(request));
    return { allowed: true, warnings, objectBytes: encode(object) };
  } catch (thrown) {
    return { allowed: false, warnings: [], objectBytes: new Uint8Array(), result: statusOf(asPluginError(thrown)) };
  }
}

export async function answerConversion(
  request: WireConversionRequest,
  work: (request: ConversionRequest) => Awaitable<readonly JsonObject[]>,
): Promise<ConversionResponse> {
  try {
    const objects = request.objects.map(({ raw }, index) => parse(raw, `object ${index}`));
    const converted = await work({ objects, targetVersion: request.targetVersion });
    return { uid: request.uid, objects: converted.map((object) => ({ raw: encode(object), contentType: "application/json" })) };
  } catch (thrown) {
    return { uid: request.uid, objects: [], result: statusOf(asPluginError(thrown)) };
  }
}

function admissionRequestOf(request: WireAdmissionRequest): AdmissionRequest {
  return {
    operation: operations[request.operation],
    kind: request.kind,
    object: parse(request.objectBytes, "the object"),
    oldObject: parse(request.oldObjectBytes, "the old object"),
  };
}

function parse(bytes: Uint8Array, what: string): JsonObject {
  try {
    return parseJsonObject(bytes, what);
  } catch (cause) {
    throw new BadRequestError(cause instanceof Error ? cause.message : `${what} cannot be read`, { cause });
  }
}

const encode = (object: JsonObject) => new TextEncoder().encode(JSON.stringify(object));

const reasons: Readonly<Record<number, string>> = { 400: "BadRequest", 403: "Forbidden", 404: "NotFound", 409: "Conflict", 422: "Invalid" };

function statusOf(error: PluginError): StatusResult {
  return { status: "Failure", message: error.message, reason: reasons[error.status] ?? "InternalError", code: error.status };
}
