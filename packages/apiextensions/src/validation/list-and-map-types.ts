import type { Cause } from "@dataplane/meta";
import type { JsonSchemaProps } from "../definition/custom-resource-definition.js";
import { forbidden, invalid, notSupported, required, typeCause } from "./causes.js";
import type { SchemaRules } from "./schema-rules.js";
import { hasDefault, isList, itemsOf, schemasIn } from "./schema-walk.js";

const mapTypes = ["atomic", "granular"];
const listTypes = ["atomic", "set", "map"];

export function mapTypeCauses(schema: JsonSchemaProps, path: string): readonly Cause[] {
  const mapType = schema["x-kubernetes-map-type"];
  if (mapType === undefined) return [];
  return [
    ...typeCause(schema.type ?? "", "object", `${path}.type`, "must be object if x-kubernetes-map-type is specified"),
    ...(mapTypes.includes(mapType) ? [] : [notSupported(`${path}.x-kubernetes-map-type`, mapType, mapTypes)]),
  ];
}

export function listTypeCauses(schema: JsonSchemaProps, rules: SchemaRules, path: string): readonly Cause[] {
  const listType = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const at = `${path}.x-kubernetes-list-type`;
  return [
    ...(listType === undefined ? [] : typeCause(schema.type ?? "", "array", `${path}.type`, "must be array if x-kubernetes-list-type is specified")),
    ...(rules.requireAtomicSet && schema.type === "array" ? setItemCauses(schema, path) : []),
    ...(listType === undefined || listTypes.includes(listType) ? [] : [notSupported(at, listType, listTypes)]),
    ...(keys.length > 0 ? typeCause(listType ?? "", "map", at, "must be map if x-kubernetes-list-map-keys is non-empty") : []),
    ...(listType === "map" ? listMapCauses(schema, keys, path) : []),
    ...(rules.requireListMapKeys ? keyedItemCauses(schema, path) : []),
  ];
}

/** Items of a set are told apart as a whole. */
function setItemCauses(schema: JsonSchemaProps, path: string): readonly Cause[] {
  if (schema["x-kubernetes-list-type"] !== "set") return [];
  const { type, "x-kubernetes-list-type": itemListType, "x-kubernetes-map-type": itemMapType } = itemsOf(schema) ?? {};
  const words = "must be atomic as item of a list with x-kubernetes-list-type=set";
  if (type === "array" && itemListType !== undefined && itemListType !== "atomic") {
    return [invalid(`${path}.items.x-kubernetes-list-type`, itemListType, words)];
  }
  // The value that Kubernetes shows is that of the other keyword.
  return type === "object" && itemMapType !== "atomic" ? [invalid(`${path}.items.x-kubernetes-map-type`, itemListType, words)] : [];
}

function listMapCauses(schema: JsonSchemaProps, keys: readonly string[], path: string): readonly Cause[] {
  const items = itemsOf(schema);
  const isMap = "if x-kubernetes-list-type is map";
  return [
    ...(keys.length === 0 ? [required(`${path}.x-kubernetes-list-map-keys`, `must not be empty ${isMap}`)] : []),
    ...(schema.items === undefined ? [required(`${path}.items`, `must have a schema ${isMap}`)] : []),
    ...(isList(schema.items) ? [invalid(`${path}.items`, schema.items, `must only have a single schema ${isMap}`)] : []),
    ...(items !== undefined && items.type !== "object"
      ? [invalid(`${path}.items.type`, items.type ?? "", "must be object if parent array's x-kubernetes-list-type is map")]
      : []),
    ...(items?.type === "object" ? keyCauses(items, keys, path) : []),
  ];
}

function keyCauses({ properties = {} }: JsonSchemaProps, keys: readonly string[], path: string): readonly Cause[] {
  const at = `${path}.x-kubernetes-list-map-keys`;
  return keys.flatMap((key, index) => {
    const type = Object.hasOwn(properties, key) ? (properties[key]?.type ?? "") : undefined;
    const words = "must be a scalar type if parent array's x-kubernetes-list-type is map";
    return [
      ...(type === undefined ? [invalid(at, keys, "entries must all be names of item properties")] : []),
      ...(type === "array" || type === "object" ? [invalid(`${path}.items.properties[${key}].type`, "object", words)] : []),
      ...(keys.indexOf(key) < index ? [invalid(at, keys, "must not contain duplicate entries")] : []),
    ];
  });
}

/** Items are never null, and their keys are always there. */
function keyedItemCauses(schema: JsonSchemaProps, path: string): readonly Cause[] {
  const listType = schema["x-kubernetes-list-type"];
  const items = itemsOf(schema);
  if (items === undefined || (listType !== "set" && listType !== "map")) return [];
  const nullable =
    items.nullable === true ? [forbidden(`${path}.items.nullable`, `cannot be nullable when x-kubernetes-list-type is ${listType}`)] : [];
  if (listType === "set") return nullable;
  return [...nullable, ...(schema["x-kubernetes-list-map-keys"] ?? []).flatMap((key) => missingKeyCauses(items, key, path))];
}

function missingKeyCauses({ properties = {}, required: requiredNames = [] }: JsonSchemaProps, key: string, path: string): readonly Cause[] {
  const property = Object.hasOwn(properties, key) ? properties[key] : undefined;
  if (property === undefined) return [];
  const at = `${path}.items.properties[${key}]`;
  const isKey = "this property is in x-kubernetes-list-map-keys";
  return [
    ...(requiredNames.includes(key) || hasDefault(property)
      ? []
      : [required(`${at}.default`, `${isKey}, so it must have a default or be a required property`)]),
    ...(property.nullable === true ? [forbidden(`${at}.nullable`, `${isKey}, so it cannot be nullable`)] : []),
  ];
}

/** What an older definition has wrong already is not told again. */
export const hasNonAtomicSet = (schema: JsonSchemaProps): boolean => [...schemasIn(schema)].some((it) => setItemCauses(it, "").length > 0);
export const hasLooseListMapKeys = (schema: JsonSchemaProps): boolean => [...schemasIn(schema)].some((it) => keyedItemCauses(it, "").length > 0);
