import { prune, validateSchema } from "@dataplane/apiserver";
import type { Cause, JsonValue } from "@dataplane/meta";
import { type JsonSchemaProps, structuralOf } from "../definition/custom-resource-definition.js";
import { invalid } from "./causes.js";
import { hasDefault, itemsOf, propertiesOf, schemasIn } from "./schema-walk.js";

/** Defaults of a structural schema that are no good values of their own schema, or have fields that it does not know. */
export function defaultCauses(schema: JsonSchemaProps, requirePruned: boolean, path: string): readonly Cause[] {
  const items = itemsOf(schema);
  return [
    ...(schema.default === undefined || schema.default === null ? [] : valueCauses(schema, schema.default, requirePruned, `${path}.default`)),
    // Not below additionalProperties of metadata, where there are none.
    ...(items === undefined ? [] : defaultCauses(items, requirePruned, `${path}.items`)),
    ...propertiesOf(schema).flatMap(([name, property]) => defaultCauses(property, requirePruned, `${path}.properties[${name}]`)),
  ];
}

function valueCauses(schema: JsonSchemaProps, value: JsonValue, requirePruned: boolean, path: string): readonly Cause[] {
  const structural = structuralOf(schema);
  const hasUnknown = requirePruned && prune(structural, value).unknown.length > 0;
  return [...(hasUnknown ? [invalid(path, value, "must not have unknown fields")] : []), ...validateSchema(structural, value, path)];
}

export const hasUnprunedDefaults = (schema: JsonSchemaProps): boolean =>
  [...schemasIn(schema)].some((it) => hasDefault(it) && prune(structuralOf(it), it.default ?? null).unknown.length > 0);

export const hasDefaults = (schema: JsonSchemaProps | undefined): boolean => [...schemasIn(schema)].some(hasDefault);
