import type { JsonSchemaProps } from "../definition/custom-resource-definition.js";

/** The schema and all schemas in it, outermost first. */
export function* schemasIn(schema: JsonSchemaProps | undefined): Generator<JsonSchemaProps> {
  if (schema === undefined) return;
  yield schema;
  for (const child of childrenOf(schema)) yield* schemasIn(child);
}

function childrenOf(schema: JsonSchemaProps): readonly JsonSchemaProps[] {
  const { items, additionalProperties, additionalItems, not, dependencies = {} } = schema;
  return [
    ...(isList(items) ? items : [items]),
    ...(schema.allOf ?? []),
    ...(schema.anyOf ?? []),
    ...(schema.oneOf ?? []),
    not,
    ...Object.values(schema.properties ?? {}),
    additionalProperties,
    ...Object.values(schema.patternProperties ?? {}),
    additionalItems,
    ...Object.values(schema.definitions ?? {}),
    ...Object.values(dependencies),
  ].filter(isSchema);
}

/** `items` may be a list of schemas, which is refused, and yet walked. */
export const isList = (items: JsonSchemaProps["items"]): items is readonly JsonSchemaProps[] => Array.isArray(items);

export const isSchema = (value: unknown): value is JsonSchemaProps => typeof value === "object" && value !== null && !Array.isArray(value);

/** The one schema of a list's items; undefined where there is none, or a list of them. */
export const itemsOf = ({ items }: JsonSchemaProps): JsonSchemaProps | undefined => (isList(items) ? undefined : items);

/** The schema of the values of a map. */
export const valuesOf = ({ additionalProperties }: JsonSchemaProps): JsonSchemaProps | undefined =>
  isSchema(additionalProperties) ? additionalProperties : undefined;

export const propertiesOf = ({ properties = {} }: JsonSchemaProps): readonly (readonly [string, JsonSchemaProps])[] => Object.entries(properties);

/** null counts as nothing, as it does where Kubernetes reads a schema. */
export const hasDefault = (schema: JsonSchemaProps): boolean => schema.default !== undefined && schema.default !== null;
