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
  /** The object as it would be stored; empty on delete. */
  readonly object: JsonObject;
  /** The object as it is stored now; empty on create. */
  readonly oldObject: JsonObject;
}

export interface AdmissionAnswer {
  /** Warnings for the user, whatever the outcome. */
  readonly warnings?: readonly string[];
}

export interface MutationAnswer extends AdmissionAnswer {
  readonly object?: JsonObject;
}

/** Hooks on objects of the plugin's own kinds. A host calls `mutate` first, then `validate` with the outcome. */
export interface AdmissionHandlers {
  /** Throw a PluginError (BadRequestError, or one with status 403 or 422) to refuse the object. */
  readonly validate?: (request: AdmissionRequest, call: Call) => Awaitable<AdmissionAnswer>;
  /** Returns the object to be stored, or none to leave it as it is. Refuses as `validate` does. */
  readonly mutate?: (request: AdmissionRequest, call: Call) => Awaitable<MutationAnswer>;
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
  work: (request: AdmissionRequest) => Awaitable<MutationAnswer>,
): Promise<MutationResponse> {
  try {
    const { warnings = [], object } = await work(admissionRequestOf(request));
    return { allowed: true, warnings, objectBytes: object === undefined ? request.objectBytes : encode(object) };
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
    const converted = await work({ objects, targetVersion: targetVersionOf(request) });
    if (converted.length !== objects.length) throw new Error(`${objects.length} objects were to be converted, ${converted.length} came back`);
    const result = { status: "Success", message: "", reason: "", code: 200 };
    return { uid: request.uid, result, objects: converted.map((object) => ({ raw: encode(object), contentType: "application/json" })) };
  } catch (thrown) {
    return { uid: request.uid, objects: [], result: statusOf(asPluginError(thrown)) };
  }
}

function admissionRequestOf(request: WireAdmissionRequest): AdmissionRequest {
  return {
    operation: operationOf(request),
    kind: kindOf(request),
    object: parse(request.objectBytes, "the object"),
    oldObject: parse(request.oldObjectBytes, "the old object"),
  };
}

function operationOf({ operation }: { readonly operation: number }): AdmissionRequest["operation"] {
  const known = Object.entries(operations).find(([code]) => Number(code) === operation);
  if (known === undefined) throw new BadRequestError(`operation ${operation} is not known`);
  return known[1];
}

/** A message inside a message can be absent on the wire. */
const kindOf = ({ kind = { group: "", version: "", kind: "" } }: Partial<Pick<WireAdmissionRequest, "kind">>) => kind;

/** Nothing can be converted without it. Throws BadRequestError. */
function targetVersionOf({ targetVersion }: Partial<Pick<WireConversionRequest, "targetVersion">>) {
  if (targetVersion === undefined) throw new BadRequestError("the request has no target version");
  return targetVersion;
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
