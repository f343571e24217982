import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";

const methods = ["get", "put", "post", "delete", "options", "head", "patch"] as const;

/** A Swagger 2.0 document (https://swagger.io/specification/v2/) in the shape of OpenAPI v3; references stay as they are. */
export function fromSwagger(document: JsonObject): JsonObject {
  const paths = Object.entries(objectOf(document["paths"])).map(([path, item]) => [path, pathItem(objectOf(item))] as const);
  return { paths: Object.fromEntries(paths), components: { schemas: objectOf(document["definitions"]) } };
}

const objectOf = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {});
const objectsIn = (value: JsonValue | undefined): readonly JsonObject[] => (Array.isArray(value) ? value.filter(isJsonObject) : []);
const textsIn = (value: JsonValue | undefined): readonly string[] =>
  Array.isArray(value) ? value.filter((it): it is string => typeof it === "string") : [];

function pathItem(item: JsonObject): JsonObject {
  const operations = methods.flatMap((method) => {
    const found = item[method];
    return isJsonObject(found) ? [[method, operation(found)] as const] : [];
  });
  return { ...Object.fromEntries(operations), parameters: parametersOf(item["parameters"]) };
}

function operation({ parameters, consumes, produces, responses, schemes: _, ...others }: JsonObject): JsonObject {
  const body = objectsIn(parameters).find((it) => it["in"] === "body");
  const answers = Object.entries(objectOf(responses)).map(([code, it]) => {
    const { schema, ...rest } = objectOf(it);
    return [code, { ...rest, ...contentOf(schema, textsIn(produces)) }] as const;
  });
  return {
    ...others,
    parameters: parametersOf(parameters),
    ...(body === undefined ? {} : { requestBody: { required: body["required"] === true, ...contentOf(body["schema"], textsIn(consumes)) } }),
    responses: Object.fromEntries(answers),
  };
}

/** What describes the value of a parameter is its schema in v3. */
function parametersOf(parameters: JsonValue | undefined): readonly JsonObject[] {
  return objectsIn(parameters)
    .filter((it) => it["in"] !== "body")
    .map(({ name = "", in: place = "", description = "", required = false, ...schema }) => ({ name, in: place, description, required, schema }));
}

function contentOf(schema: JsonValue | undefined, types: readonly string[]): JsonObject {
  if (schema === undefined) return {};
  return { content: Object.fromEntries((types.length === 0 ? ["*/*"] : types).map((type) => [type, { schema }])) };
}
