import { isJsonObject, type JsonObject } from "@dataplane/meta";
import { listOf } from "./sound-schema.js";

/** Methods that a path item may have an operation for (https://spec.openapis.org/oas/v3.0.3#path-item-object), but TRACE. */
const methods = ["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH"];

/** An operation of a manifest's route, its method in upper case. */
export interface DeclaredOperation {
  readonly method: string;
  /** As in OpenAPI v3, with an `operationId` where the manifest gave a name. */
  readonly operation: JsonObject;
}

/**
 * The operations of a path item: in OpenAPI's form with methods in lower case, or in the older one of manifests, with methods in upper
 * case and `{name, request, response}`. Parameters of the item become parameters of each.
 */
export function declaredOperations(item: JsonObject): readonly DeclaredOperation[] {
  const shared = listOf(item["parameters"]);
  return Object.entries(item).flatMap(([key, value]) => {
    const method = key.toUpperCase();
    if (!methods.includes(method) || !isJsonObject(value)) return [];
    const operation = "request" in value || "response" in value || "name" in value ? fromOlderForm(value) : value;
    const parameters = [...shared, ...listOf(operation["parameters"])];
    return [{ method, operation: parameters.length === 0 ? operation : { ...operation, parameters } }];
  });
}

/** `request` has schemas of the `query` and the `body`, `response` is one of the answer. */
function fromOlderForm({ name, request, response, ...rest }: JsonObject): JsonObject {
  const { query, body } = isJsonObject(request) ? request : {};
  return {
    ...rest,
    ...(typeof name === "string" && name !== "" ? { operationId: name } : {}),
    ...(isJsonObject(query) ? { parameters: queryParameters(query) } : {}),
    ...(isJsonObject(body) ? { requestBody: { content: { "application/json": { schema: body } } } } : {}),
    responses: { "200": { description: "OK", ...(isJsonObject(response) ? { content: { "application/json": { schema: response } } } : {}) } },
  };
}

function queryParameters({ properties, required }: JsonObject): readonly JsonObject[] {
  const needed = listOf(required);
  return Object.entries(isJsonObject(properties) ? properties : {}).map(([name, schema]) => ({
    ...{ name, in: "query", schema },
    ...(needed.includes(name) ? { required: true } : {}),
  }));
}
