import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import { soundSchema } from "./manifest-routes/sound-schema.js";
import type { QueryType } from "./query-types.js";
import { queryRef, querySchemaName, querySchemas } from "./service-types/query-openapi.js";

/**
 * The schemas of queries in the group of a plugin that describes its query types: each type by name, with the fields that every query
 * has, and a request that takes any of them. Empty for a plugin that describes none.
 */
export function queryTypeSchemas(types: readonly QueryType[]): Readonly<Record<string, JsonObject>> {
  if (types.length === 0) return {};
  const request = querySchemas[querySchemaName("QueryDataRequest")] ?? {};
  const properties = isJsonObject(request["properties"]) ? request["properties"] : {};
  const anyOf = [...types.map(({ name }) => queryRef(schemaNameOf(name))), queryRef("DataQuery")];
  const queries = { type: "array", minItems: 1, items: { anyOf } };
  return {
    [querySchemaName("QueryDataRequest")]: { ...request, properties: { ...properties, queries } },
    ...Object.fromEntries(types.map((type) => [querySchemaName(schemaNameOf(type.name)), schemaOf(type)])),
  };
}

const schemaNameOf = (name: string): string => `DataQuery.${name}`;

function schemaOf({ description, discriminators, schema }: QueryType): JsonObject {
  const own = soundSchema(schema, () => undefined);
  const base = querySchemas[querySchemaName("DataQuery")] ?? {};
  const told = discriminators.map(({ field, value }): [string, JsonValue] => [field, { type: "string", enum: [value] }]);
  return {
    ...own,
    ...(description === "" ? {} : { description }),
    type: "object",
    properties: { ...propertiesOf(base), ...propertiesOf(own), ...Object.fromEntries(told) },
  };
}

const propertiesOf = ({ properties }: JsonObject): JsonObject => (isJsonObject(properties) ? properties : {});
