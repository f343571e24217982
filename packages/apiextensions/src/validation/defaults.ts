import { prune, validateSchema } from "@dataplane/apiserver";
import { type Cause, isJsonObject, type JsonValue } from "@dataplane/meta";
import { isStructural, type JsonSchemaProps, structuralOf } from "../definition/custom-resource-definition.js";
import { invalid, required } from "./causes.js";
import { hasDefault, itemsOf, propertiesOf, schemasIn } from "./schema-walk.js";

/** Defaults of a structural schema that are no good values of their own schema, or have fields that it does not know. */
export function defaultCauses(schema: JsonSchemaProps, requirePruned: boolean, path: string, isRoot = false): readonly Cause[] {
  const items = itemsOf(schema);
  const isResource = isRoot || schema["x-kubernetes-embedded-resource"] === true;
  return [
    ...(schema.default === undefined || schema.default === null
      ? []
      : [
          ...(isResource ? missingIdentity(schema.default, `${path}.default`) : []),
          ...valueCauses(schema, schema.default, requirePruned, `${path}.default`),
        ]),
    // Not below additionalProperties of metadata, where there are none.
    ...(items === undefined ? [] : defaultCauses(items, requirePruned, `${path}.items`)),
    ...propertiesOf(schema).flatMap(([name, property]) => defaultCauses(property, requirePruned, `${path}.properties[${name}]`)),
  ];
}

function valueCauses(schema: JsonSchemaProps, value: JsonValue, requirePruned: boolean, path: string): readonly Cause[] {
  // What is wrong with it is told elsewhere.
  if (![...schemasIn(schema)].every(isStructural)) return [];
  const structural = structuralOf(schema);
  const hasUnknown = requirePruned && prune(structural, value).unknown.length > 0;
  const causes = validateSchema(structural, value).map(({ field, message, ...cause }) => ({
    ...cause,
    // To Kubernetes the value's own name is empty, and so is the place of it in its words.
    message: field === "" ? message.replace(": in body ", ":  in body ") : message,
    field: joined(path, field),
  }));
  return [...(hasUnknown ? [invalid(path, value, "must not have unknown fields")] : []), ...causes];
}

/** An object of the API, as the whole is one, says what it is. */
const missingIdentity = (value: JsonValue, path: string): readonly Cause[] =>
  isJsonObject(value) ? ["apiVersion", "kind"].filter((name) => !Object.hasOwn(value, name)).map((name) => required(`${path}.${name}`)) : [];

function joined(path: string, field: string): string {
  if (field === "") return path;
  return field.startsWith("[") ? `${path}${field}` : `${path}.${field}`;
}

export const hasUnprunedDefaults = (schema: JsonSchemaProps): boolean =>
  [...schemasIn(schema)].some((it) => hasDefault(it) && prune(structuralOf(it), it.default ?? null).unknown.length > 0);

export const hasDefaults = (schema: JsonSchemaProps | undefined): boolean => [...schemasIn(schema)].some(hasDefault);
