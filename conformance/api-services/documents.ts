import type { Documents } from "./node-backend.js";

const kindKey = "x-kubernetes-group-version-kind";

/** A group with one kind of its own, as discovery and lists show it; `described` is its OpenAPI. */
export function documentsOf(group: string, kind: string, described: Documents = {}): Documents {
  const plural = `${kind.toLowerCase()}s`;
  const base = `/apis/${group}/v1`;
  const resource = { name: plural, singularName: kind.toLowerCase(), namespaced: true, kind, verbs: ["get", "list"] };
  return {
    [base]: { kind: "APIResourceList", apiVersion: "v1", groupVersion: `${group}/v1`, resources: [resource] },
    [`${base}/namespaces/default/${plural}`]: {
      kind: `${kind}List`,
      apiVersion: `${group}/v1`,
      metadata: { resourceVersion: "1" },
      items: [{ kind, apiVersion: `${group}/v1`, metadata: { name: "first", namespace: "default", creationTimestamp: "2026-01-01T00:00:00Z" } }],
    },
    ...described,
  };
}

const nameOf = (group: string, kind: string): string => `${group.split(".").toReversed().join(".")}.v1.${kind}`;

const schemaOf = (group: string, kind: string, reference: string, words: string): object => ({
  type: "object",
  description: words,
  properties: {
    apiVersion: { type: "string" },
    kind: { type: "string" },
    spec: { description: "What is wanted.", ...(reference === "definitions" ? refTo(reference) : { allOf: [refTo(reference)] }) },
  },
  [kindKey]: [{ group, version: "v1", kind }],
});

const refTo = (reference: string): object => ({ $ref: `#/${reference}/Spec` });
const spec = { type: "object", properties: { size: { type: "integer", description: "How large." } } };

const pathsOf = (group: string, kind: string): object => ({
  [`/apis/${group}/v1/namespaces/{namespace}/${kind.toLowerCase()}s`]: {
    get: { operationId: `list${kind}`, responses: {}, [kindKey]: { group, version: "v1", kind } },
  },
});

/** Of a server with OpenAPI v3. */
export const openApiV3 = (group: string, kind: string, words: string): Documents => ({
  [`/openapi/v3/apis/${group}/v1`]: {
    openapi: "3.0.0",
    paths: pathsOf(group, kind),
    components: { schemas: { [nameOf(group, kind)]: schemaOf(group, kind, "components/schemas", words), Spec: spec } },
  },
});

/** Of an old one, which has v2 alone. */
export const openApiV2 = (group: string, kind: string, words: string): Documents => ({
  "/openapi/v2": {
    swagger: "2.0",
    paths: pathsOf(group, kind),
    definitions: { [nameOf(group, kind)]: schemaOf(group, kind, "definitions", words), Spec: spec },
  },
});

const levels = 50_000;

/** Documents that would spoil others': each is what one server says of its OpenAPI. */
export const hostileDocuments = (group: string): Readonly<Record<string, Documents>> => {
  const path = `/openapi/v3/apis/${group}/v1`;
  const schemas = (all: object): Documents => ({ [path]: { paths: {}, components: { schemas: all } } });
  return {
    deep: { [path]: `{"components":{"schemas":{"Own":${'{"items":'.repeat(levels)}{}${"}".repeat(levels)}}}}` },
    dangling: schemas({ Own: { properties: { a: { $ref: "#/components/schemas/Gone" }, b: { type: "array" }, c: { type: ["string", "null"] } } } }),
    claiming: schemas({
      Own: { type: "string", [kindKey]: [{ group: "", version: "v1", kind: "ConfigMap" }] },
      "io.k8s.api.core.v1.ConfigMap": { type: "string", description: "not yours" },
      "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": { type: "string", description: "not yours" },
    }),
    page: { [path]: "<html><body>Welcome</body></html>" },
  };
};
