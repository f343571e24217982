import type { JsonObject } from "@dataplane/meta";

const text: JsonObject = { type: "string" };
const texts: JsonObject = { type: "array", items: text };
const anObject: JsonObject = { type: "object", description: "Any object of the API.", additionalProperties: true };
const object = (properties: JsonObject, required: readonly string[] = []): JsonObject => ({
  type: "object",
  ...(required.length === 0 ? {} : { required }),
  properties,
});
const status = object({ status: text, message: text, reason: text, code: { type: "integer", format: "int32" } });

const review = (apiVersion: string, kind: string, parts: { readonly request: JsonObject; readonly response: JsonObject }): JsonObject =>
  object({ apiVersion: { type: "string", enum: [apiVersion] }, kind: { type: "string", enum: [kind] }, ...parts }, ["apiVersion", "kind"]);

/** https://pkg.go.dev/k8s.io/api/admission/v1#AdmissionReview */
export const admissionReviewSchema = review("admission.k8s.io/v1", "AdmissionReview", {
  request: object(
    {
      uid: text,
      kind: object({ group: text, version: text, kind: text }, ["version", "kind"]),
      resource: object({ group: text, version: text, resource: text }, ["version", "resource"]),
      subResource: text,
      name: text,
      namespace: text,
      operation: { type: "string", enum: ["CREATE", "UPDATE", "DELETE", "CONNECT"] },
      userInfo: object({ username: text, uid: text, groups: texts, extra: { type: "object", additionalProperties: texts } }),
      object: anObject,
      oldObject: anObject,
      dryRun: { type: "boolean" },
    },
    ["uid", "kind", "operation"],
  ),
  response: object(
    {
      uid: text,
      allowed: { type: "boolean" },
      status,
      patchType: { type: "string", enum: ["JSONPatch"] },
      patch: { type: "string", format: "byte", description: "A JSON patch (RFC 6902)." },
      warnings: texts,
    },
    ["uid", "allowed"],
  ),
});

/** https://pkg.go.dev/k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1#ConversionReview */
export const conversionReviewSchema = review("apiextensions.k8s.io/v1", "ConversionReview", {
  request: object({ uid: text, desiredAPIVersion: text, objects: { type: "array", items: anObject } }, ["uid", "desiredAPIVersion", "objects"]),
  response: object({ uid: text, result: status, convertedObjects: { type: "array", items: anObject } }, ["uid", "result"]),
});
