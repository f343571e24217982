import { isJsonObject, type JsonObject } from "@dataplane/meta";

const statusName = "app.grafana.aggregation.Status";

/** The schema of errors, by a name that is no kind's: a group may have no stored resource, and no kinds' schemas with it. */
export const errorSchemas: Readonly<Record<string, JsonObject>> = {
  [statusName]: {
    type: "object",
    description: "Why a request failed: a Status of Kubernetes.",
    required: ["code", "message"],
    properties: {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      status: { type: "string", description: "Failure." },
      code: { type: "integer", format: "int32", description: "The HTTP status code." },
      reason: { type: "string", description: "Why, for programs." },
      message: { type: "string", description: "What happened, for people." },
      details: { type: "object", description: "What the failure is about.", additionalProperties: true },
    },
  },
};

const content: JsonObject = { "application/json": { schema: { $ref: `#/components/schemas/${statusName}` } } };

/** The operation, its errors described: those that it names without a body, and all that it does not name. */
export function withErrors(operation: JsonObject): JsonObject {
  const { responses } = operation;
  const described = Object.entries(isJsonObject(responses) ? responses : {}).map(([code, response]) => {
    const isBare = /^[45]/.test(code) && isJsonObject(response) && response["content"] === undefined;
    return [code, isBare ? { ...response, content } : response] as const;
  });
  return { ...operation, responses: { default: { description: "The request failed.", content }, ...Object.fromEntries(described) } };
}
