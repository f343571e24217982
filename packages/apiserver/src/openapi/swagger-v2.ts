import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import type { GroupVersionDocument } from "./document-v3.js";
import { mergedComponents } from "./merged-components.js";

/** All documents as one Swagger 2.0 document (https://swagger.io/specification/v2/), for clients that know no v3. */
export function swaggerV2(documents: readonly GroupVersionDocument[], serverVersion: string): JsonObject {
  const { paths, schemas } = mergedComponents(documents);
  return {
    swagger: "2.0",
    info: { title: "Data Plane Aggregator", version: serverVersion },
    paths: Object.fromEntries(Object.entries(paths).map(([path, item]) => [path, pathItem(asObject(item))])),
    definitions: Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, component(schema)])),
    securityDefinitions: {
      BearerToken: { type: "apiKey", name: "authorization", in: "header", description: "Bearer token" },
      BasicAuth: { type: "basic" },
    },
    security: [{ BearerToken: [] }, { BasicAuth: [] }],
  };
}

const asObject = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {});
const at = (value: JsonObject, key: string): JsonObject => asObject(value[key]);
const asList = (value: JsonValue | undefined): readonly JsonValue[] => (Array.isArray(value) ? (value as readonly JsonValue[]) : []);

const methods: ReadonlySet<string> = new Set(["get", "put", "post", "delete", "options", "head", "patch"]);

function pathItem(item: JsonObject): JsonObject {
  const operations = Object.entries(item).filter(([key]) => methods.has(key));
  const parameters = asList(item["parameters"]).map((it) => parameter(asObject(it)));
  return {
    ...Object.fromEntries(operations.map(([method, operation]) => [method, operationV2(asObject(operation))])),
    ...(parameters.length === 0 ? {} : { parameters }),
  };
}

function operationV2(operation: JsonObject): JsonObject {
  const { parameters, requestBody, responses, ...others } = operation;
  const body = asObject(requestBody);
  const listed = asList(parameters).map((it) => parameter(asObject(it)));
  const consumes = Object.keys(at(body, "content"));
  const [response] = Object.values(asObject(responses));
  return {
    ...others,
    consumes: consumes.length === 0 ? ["*/*"] : consumes,
    produces: Object.keys(at(asObject(response), "content")),
    schemes: ["https"],
    parameters: requestBody === undefined ? listed : [...listed, bodyParameter(body)],
    responses: Object.fromEntries(Object.entries(asObject(responses)).map(([code, it]) => [code, responseV2(asObject(it))])),
  };
}

function parameter({ schema, ...others }: JsonObject): JsonObject {
  const { type, format, uniqueItems } = asObject(schema);
  return { ...others, ...defined({ type: type ?? "string", format, uniqueItems }) };
}

const defined = (fields: Readonly<Record<string, JsonValue | undefined>>): JsonObject =>
  Object.fromEntries(Object.entries(fields).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));

const schemaOfContent = (holder: JsonObject): JsonValue | undefined => asObject(Object.values(at(holder, "content"))[0])["schema"];

function bodyParameter(body: JsonObject): JsonObject {
  const required = body["required"] === true ? { required: true } : {};
  return { name: "body", in: "body", ...required, schema: definition(schemaOfContent(body) ?? {}) };
}

function responseV2(response: JsonObject): JsonObject {
  const schema = schemaOfContent(response);
  return { description: response["description"] ?? "", ...(schema === undefined ? {} : { schema: definition(schema) }) };
}

/** Keywords that Swagger 2.0 does not have; an open or int-or-string schema then says nothing of its type. */
const unknownInV2: ReadonlySet<string> = new Set(["nullable", "oneOf", "anyOf", "not", "writeOnly", "deprecated"]);
const prefix = "#/components/schemas/";

const gvk = "x-kubernetes-group-version-kind";

/** A kind that takes any field names none of them: clients that read v2 would refuse what is not named. */
function component(schema: JsonValue): JsonObject {
  const { type = "object", description, [gvk]: kinds, ...others } = asObject(schema);
  const isOpen = kinds !== undefined && others["x-kubernetes-preserve-unknown-fields"] === true;
  return isOpen ? { type, ...(description === undefined ? {} : { description }), [gvk]: kinds } : definition(schema);
}

function definition(schema: JsonValue): JsonObject {
  const { allOf, ...own } = asObject(schema);
  const [only] = asList(allOf);
  // v3 wraps a reference in allOf to describe it; v2 lets the reference itself carry a description.
  const source = asList(allOf).length === 1 ? { ...own, ...asObject(only) } : asObject(schema);
  const kept = Object.entries(source).filter(([key]) => !unknownInV2.has(key) && !(key === "default" && source["$ref"] !== undefined));
  return Object.fromEntries(kept.map(([key, value]) => [key, keyword(key, value)]));
}

function keyword(key: string, value: JsonValue): JsonValue {
  if (key === "$ref" && typeof value === "string") return value.startsWith(prefix) ? `#/definitions/${value.slice(prefix.length)}` : value;
  if (key === "properties") return Object.fromEntries(Object.entries(asObject(value)).map(([name, field]) => [name, definition(field)]));
  if ((key === "items" || key === "additionalProperties") && isJsonObject(value)) return definition(value);
  return key === "allOf" ? asList(value).map(definition) : value;
}
