import { basePathOf, type GroupVersion, isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import type { OpenApiPart } from "./remote-groups.js";
import { type SchemaScope, soundSchema } from "./sound-schema.js";

/** More than any group has. */
const maxComponents = 5_000;
const componentPattern = /^[\w.-]{1,253}$/;

const methods = ["get", "put", "post", "delete", "options", "head", "patch"] as const;
const places: ReadonlySet<JsonValue | undefined> = new Set(["query", "header", "path", "cookie"]);

/**
 * What a document of OpenAPI v3 says of one group and version, in a form that can stand beside others: paths below it alone, since what a
 * server says of others is not its affair, and nothing that would keep anybody from reading the rest.
 */
export function soundOpenApi(document: JsonObject, of: GroupVersion): OpenApiPart {
  const base = basePathOf(of);
  const components = Object.entries(objectAt(objectAt(document, "components"), "schemas"))
    .filter(([name, schema]) => componentPattern.test(name) && isJsonObject(schema))
    .slice(0, maxComponents);
  const scope: SchemaScope = { of, components: new Set(components.map(([name]) => name)) };
  const paths = entriesOf(document["paths"]).filter(([path]) => path === base || path.startsWith(`${base}/`));
  return {
    paths: Object.fromEntries(paths.map(([path, item]) => [path, soundPath(item, scope)])),
    schemas: Object.fromEntries(components.map(([name, schema]) => [name, soundSchema(objectOf(schema), scope)])),
  };
}

const objectOf = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {});
const objectAt = (holder: JsonObject, key: string): JsonObject => objectOf(holder[key]);

/** Those whose value is an object. */
const entriesOf = (value: JsonValue | undefined): readonly (readonly [string, JsonObject])[] =>
  Object.entries(objectOf(value)).flatMap(([key, it]) => (isJsonObject(it) ? [[key, it] as const] : []));

const extensionsOf = (value: JsonObject): JsonObject => Object.fromEntries(Object.entries(value).filter(([key]) => key.startsWith("x-")));

const textAt = (holder: JsonObject, key: string): JsonObject => {
  const value = holder[key];
  return typeof value === "string" ? { [key]: value } : {};
};

function soundPath(item: JsonObject, scope: SchemaScope): JsonObject {
  const parameters = parametersOf(item, scope);
  const operations = methods.flatMap((method) => {
    const operation = item[method];
    return isJsonObject(operation) ? [[method, soundOperation(operation, scope)] as const] : [];
  });
  return { ...Object.fromEntries(operations), ...(parameters.length === 0 ? {} : { parameters }) };
}

function soundOperation(operation: JsonObject, scope: SchemaScope): JsonObject {
  const { tags, requestBody } = operation;
  const parameters = parametersOf(operation, scope);
  return {
    ...(Array.isArray(tags) ? { tags: tags.filter((tag) => typeof tag === "string") } : {}),
    ...textAt(operation, "description"),
    ...textAt(operation, "operationId"),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(isJsonObject(requestBody)
      ? { requestBody: { ...(requestBody["required"] === true ? { required: true } : {}), ...contentOf(requestBody, scope) } }
      : {}),
    responses: Object.fromEntries(
      entriesOf(operation["responses"]).map(([code, it]) => [code, { description: "", ...textAt(it, "description"), ...contentOf(it, scope) }]),
    ),
    ...extensionsOf(operation),
  };
}

function parametersOf(holder: JsonObject, scope: SchemaScope): readonly JsonObject[] {
  const { parameters } = holder;
  if (!Array.isArray(parameters)) return [];
  return parameters.filter(isJsonObject).flatMap((it) =>
    typeof it["name"] === "string" && places.has(it["in"])
      ? [
          {
            ...{ name: it["name"], in: it["in"] as string },
            ...textAt(it, "description"),
            ...(it["required"] === true || it["in"] === "path" ? { required: true } : {}),
            schema: soundSchema(objectAt(it, "schema"), scope),
          },
        ]
      : [],
  );
}

function contentOf(holder: JsonObject, scope: SchemaScope): JsonObject {
  const content = entriesOf(holder["content"]).map(([type, it]) => [type, { schema: soundSchema(objectAt(it, "schema"), scope) }] as const);
  return content.length === 0 ? {} : { content: Object.fromEntries(content) };
}
