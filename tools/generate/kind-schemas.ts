import { isJsonObject, type JsonArray, type JsonObject, type JsonValue } from "@dataplane/meta";
import { type GeneratedFile, jsonText } from "./generated-file.js";

/**
 * A JSON Schema (draft 2020-12) for each kind that an OpenAPI v3 document describes, for editors and for checks in CI. Strict: a field that
 * the server would report as unknown is an error. Lists of objects and what belongs to meta/v1 are left out.
 */
export function kindSchemas(document: JsonObject): readonly GeneratedFile[] {
  const components = isJsonObject(document["components"]) ? document["components"] : {};
  const schemas = isJsonObject(components["schemas"]) ? components["schemas"] : {};
  return Object.entries(schemas).flatMap(([name, schema]) => {
    if (!isJsonObject(schema) || name.startsWith(metaPrefix)) return [];
    const gvk = kindOf(schema, document);
    if (gvk === undefined) return [];
    return [{ path: fileOf(gvk), text: jsonText(schemaOf({ name, schema, schemas, gvk })) }];
  });
}

/** Options, Status and the parts of metadata: many groups repeat them. */
const metaPrefix = "io.k8s.apimachinery.";

interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** `api/schemas/<group>/<kind>_<version>.json`, where validators that take a template for schema locations find it; the core group has no folder. */
const fileOf = ({ group, version, kind }: Kind): string =>
  ["api/schemas", ...(group === "" ? [] : [group]), `${kind.toLowerCase()}_${version}.json`].join("/");

/** The kind of an object in its own group's document; a list is none. */
function kindOf(schema: JsonObject, document: JsonObject): Kind | undefined {
  const told = schema["x-kubernetes-group-version-kind"];
  const [first, ...more] = told !== undefined && isArray(told) ? told : [];
  if (!isJsonObject(first) || more.length > 0) return undefined;
  const { group, version, kind } = first;
  if (typeof group !== "string" || typeof version !== "string" || typeof kind !== "string" || kind.endsWith("List")) return undefined;
  const base = group === "" ? `/api/${version}/` : `/apis/${group}/${version}/`;
  const paths = isJsonObject(document["paths"]) ? Object.keys(document["paths"]) : [];
  const isObject = isJsonObject(schema["properties"]) && "metadata" in schema["properties"];
  return isObject && paths.some((path) => path.startsWith(base)) ? { group, version, kind } : undefined;
}

function schemaOf({
  name,
  schema,
  schemas,
  gvk,
}: {
  readonly name: string;
  readonly schema: JsonObject;
  readonly schemas: JsonObject;
  readonly gvk: Kind;
}): JsonObject {
  const { group, version, kind } = gvk;
  const definitions = Object.fromEntries(
    [...referenced(schema, schemas, new Set())]
      .filter((it) => it !== name)
      .flatMap((it): [string, JsonValue][] => {
        const definition = schemas[it];
        return isJsonObject(definition) ? [[it, fromOpenApi(definition)]] : [];
      }),
  );
  const own = fromOpenApi(schema);
  const properties = isJsonObject(own) && isJsonObject(own["properties"]) ? own["properties"] : {};
  return {
    ...(isJsonObject(own) ? own : {}),
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: kind,
    required: ["apiVersion", "kind"],
    properties: { ...properties, apiVersion: { const: group === "" ? version : `${group}/${version}` }, kind: { const: kind } },
    ...(Object.keys(definitions).length === 0 ? {} : { $defs: definitions }),
  };
}

const refPrefix = "#/components/schemas/";

function referenced(value: JsonValue, schemas: JsonObject, seen: Set<string>): ReadonlySet<string> {
  if (isArray(value)) for (const item of value) referenced(item, schemas, seen);
  else if (isJsonObject(value)) {
    for (const [key, member] of Object.entries(value)) {
      const target = key === "$ref" && typeof member === "string" ? member.slice(refPrefix.length) : undefined;
      if (target === undefined) referenced(member, schemas, seen);
      else if (!seen.has(target)) referenced(schemas[target] ?? null, schemas, seen.add(target));
    }
  }
  return seen;
}

/** OpenAPI 3.0's dialect as JSON Schema's: `nullable`, references, int-or-string, and what is closed unless it says otherwise. */
function fromOpenApi(value: JsonValue): JsonValue {
  if (isArray(value)) return value.map(fromOpenApi);
  if (!isJsonObject(value)) return value;
  if (value["x-kubernetes-int-or-string"] === true) return { ...described(value), anyOf: [{ type: "integer" }, { type: "string" }] };
  const kept = Object.entries(value).flatMap(([key, member]): [string, JsonValue][] => {
    if (key.startsWith("x-") || key === "nullable" || key === "example") return [];
    if (key === "properties" && isJsonObject(member)) return [[key, mapValues(member)]];
    // Data, not schemas.
    if (key === "default" || key === "enum") return [[key, member]];
    if (key === "$ref" && typeof member === "string") return [[key, `#/$defs/${member.slice(refPrefix.length)}`]];
    if (key === "type" && value["nullable"] === true) return [[key, [member, "null"]]];
    return [[key, fromOpenApi(member)]];
  });
  return { ...Object.fromEntries(kept), ...(isClosed(value) ? { additionalProperties: false } : {}) };
}

const described = ({ description }: JsonObject): JsonObject => (description === undefined ? {} : { description });

const mapValues = (members: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(members).map(([name, member]) => [name, fromOpenApi(member)]));

const isClosed = (schema: JsonObject): boolean =>
  isJsonObject(schema["properties"]) && !("additionalProperties" in schema) && schema["x-kubernetes-preserve-unknown-fields"] !== true;

// Array.isArray does not know readonly arrays.
const isArray = (value: JsonValue): value is JsonArray => Array.isArray(value);
