import { randomUUID } from "node:crypto";
import { type ConversionOutcome, json } from "@dataplane/apiserver";
import { type GroupVersion, type HttpRequest, type HttpResponse, isJsonObject, type JsonObject, parseApiVersion } from "@dataplane/meta";
import { pluginConversion } from "../plugin-conversion.js";
import { callMetadata } from "../plugin-headers.js";
import { fieldError, optional, readReview, stringAt } from "./review-body.js";
import { conversionReviewSchema } from "./review-schemas.js";
import { callerOf } from "./run-queries.js";
import type { PluginCall, PluginRoute, ServiceType } from "./service-type.js";

/** Converts objects between versions: `pluginv2.ResourceConversion`, as a webhook of Kubernetes is asked. */
export const conversion: ServiceType = { name: "conversion", served: () => true, routes: () => [convertRoute] };

/** `apiextensions.k8s.io/v1` (https://pkg.go.dev/k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1#ConversionReview). */
const review = { apiVersion: "apiextensions.k8s.io/v1", kind: "ConversionReview" } as const;

const reviewContent = { "application/json": { schema: conversionReviewSchema } };

const convertRoute: PluginRoute = {
  methods: ["POST"],
  path: "convert",
  handle: convert,
  operations: {
    post: {
      operationId: "convertObjects",
      description: "Convert objects to another version of their group.",
      requestBody: { required: true, content: reviewContent },
      responses: { "200": { description: "The review, with its response.", content: reviewContent } },
    },
  },
};

async function convert(call: PluginCall): Promise<HttpResponse> {
  const { request, plugin, contexts, limits } = call;
  const { uid, desired, objects } = await readConversionReview(request, limits.bodyBytes);
  const converter = pluginConversion({
    plugin,
    contexts,
    callTimeoutMs: limits.callTimeoutMs,
    metadata: callMetadata(request, ""),
    newUid: randomUUID,
    user: callerOf(call),
  });
  const outcome = await converter.convert(objects, desired, request.signal);
  return json(200, conversionReviewAnswer(uid, outcome));
}

export const conversionReviewAnswer = (uid: string, outcome: ConversionOutcome): JsonObject => ({
  ...review,
  response: { uid, ...responseOf(outcome) },
});

function responseOf(outcome: ConversionOutcome): JsonObject {
  if ("converted" in outcome) return { result: { status: "Success" }, convertedObjects: outcome.converted };
  return { result: { status: "Failure", message: outcome.failure.message }, convertedObjects: [] };
}

interface Asked {
  readonly uid: string;
  readonly desired: GroupVersion;
  readonly objects: readonly JsonObject[];
}

/** Throws BadRequest with the path of the field at fault. */
export async function readConversionReview(request: HttpRequest, limitBytes: number): Promise<Asked> {
  const asked = await readReview(request, { ...review, limitBytes });
  const desired = apiVersionAt(asked, "request", "desiredAPIVersion");
  return { uid: stringAt(asked, "request", "uid"), desired, objects: objectsOf(asked, desired) };
}

function objectsOf(request: JsonObject, desired: GroupVersion): readonly JsonObject[] {
  const list = optional(request, "objects");
  if (list === undefined) throw fieldError("request.objects", "FieldValueRequired", "Required value");
  if (!Array.isArray(list)) throw fieldError("request.objects", "FieldValueInvalid", "Invalid value: it must be a list");
  return list.map((object: unknown, index) => {
    const path = `request.objects[${index}]`;
    if (!isJsonObject(object)) throw fieldError(path, "FieldValueInvalid", "Invalid value: it must be an object");
    stringAt(object, path, "kind");
    const { group } = apiVersionAt(object, path, "apiVersion");
    if (group === desired.group) return object;
    const words = `Invalid value: ${JSON.stringify(group)}: the group must be ${JSON.stringify(desired.group)}, as in request.desiredAPIVersion`;
    throw fieldError(`${path}.apiVersion`, "FieldValueInvalid", words);
  });
}

function apiVersionAt(parent: JsonObject, path: string, name: string): GroupVersion {
  const text = stringAt(parent, path, name);
  const parsed = parseApiVersion(text);
  if (parsed !== undefined) return parsed;
  throw fieldError(`${path}.${name}`, "FieldValueInvalid", `Invalid value: ${JSON.stringify(text)}: it must be <group>/<version>`);
}
