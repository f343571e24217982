import type { Cause } from "@dataplane/meta";
import type { JsonSchemaProps } from "../definition/custom-resource-definition.js";
import { forbidden, invalid, required } from "./causes.js";
import { incompleteCauses } from "./completeness.js";
import { isIntOrStringAllOf, isIntOrStringAnyOf } from "./int-or-string.js";
import { valueValidationCauses } from "./nested-validation.js";
import { isList, itemsOf, propertiesOf, valuesOf } from "./schema-walk.js";

/** Where a schema stands: its type is asked for in other words. */
type Level = "root" | "item" | "field";

const emptyType: Readonly<Record<Level, string>> = {
  root: "must not be empty at the root",
  item: "must not be empty for specified array items",
  field: "must not be empty for specified object fields",
};

/**
 * Why the schema is not structural
 * (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema),
 * sorted by text as Kubernetes tells it. Unsupported keywords are another check's.
 */
export function structuralCauses(schema: JsonSchemaProps, path: string): readonly Cause[] {
  const causes = [...invariantCauses(schema, "root", path), ...incompleteCauses(schema, path)];
  const textOf = ({ field, message }: Cause): string => `${field}: ${message}`;
  return causes.toSorted((a, b) => (textOf(a) < textOf(b) ? -1 : 1));
}

const unsupported = ["id", "$schema", "$ref", "patternProperties", "dependencies", "additionalItems", "definitions"] as const;

/** Why it cannot even be read as a structural schema: a keyword that none may have. */
export function unreadableReason(schema: JsonSchemaProps): string | undefined {
  const keyword = unsupported.find((name) => !isEmpty(schema[name]));
  if (keyword !== undefined) return `OpenAPIV3Schema '${keyword === "$schema" ? "schema" : keyword}' is not supported`;
  if (isList(schema.items)) return "OpenAPIV3Schema 'items' must be a schema, but is an array";
  if (schema["x-kubernetes-preserve-unknown-fields"] === false) {
    return "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined";
  }
  return undefined;
}

export const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || value === "" || (typeof value === "object" && Object.keys(value).length === 0);

function invariantCauses(schema: JsonSchemaProps, level: Level, path: string): readonly Cause[] {
  const { type = "" } = schema;
  const items = itemsOf(schema);
  const values = valuesOf(schema);
  const checksMetadata = level === "root" || schema["x-kubernetes-embedded-resource"] === true;
  return [
    ...(type === "array" && items === undefined ? [required(`${path}.items`, "must be specified")] : []),
    ...(items === undefined ? [] : invariantCauses(items, "item", `${path}.items`)),
    ...propertiesOf(schema).flatMap(([name, property]) => invariantCauses(property, "field", `${path}.properties[${name}]`)),
    ...(level === "root" && schema.additionalProperties !== undefined
      ? [forbidden(`${path}.additionalProperties`, "must not be used at the root")]
      : []),
    ...(values === undefined ? [] : invariantCauses(values, "field", `${path}.additionalProperties`)),
    ...extensionCauses(schema, path),
    ...valueValidationCauses(schema, { skipAnyOf: isIntOrStringAnyOf(schema), skipFirstAllOf: isIntOrStringAllOf(schema) }, path),
    ...typeCauses(schema, level, path),
    ...(checksMetadata ? identityCauses(schema, path) : []),
    ...metadataCauses(schema, level, checksMetadata, path),
    ...embeddedCauses(schema, path),
  ];
}

function extensionCauses(schema: JsonSchemaProps, path: string): readonly Cause[] {
  if (schema["x-kubernetes-int-or-string"] !== true) return [];
  return (["x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"] as const)
    .filter((name) => schema[name] === true)
    .map((name) => invalid(`${path}.${name}`, true, "must be false if x-kubernetes-int-or-string is true"));
}

function typeCauses(schema: JsonSchemaProps, level: Level, path: string): readonly Cause[] {
  const { type = "" } = schema;
  const atRoot = level === "root" && type !== "" && type !== "object" ? [invalid(`${path}.type`, type, "must be object at the root")] : [];
  if (schema["x-kubernetes-embedded-resource"] === true && type !== "object") {
    const words = "must be object if x-kubernetes-embedded-resource is true";
    return [type === "" ? required(`${path}.type`, words) : invalid(`${path}.type`, type, words), ...atRoot];
  }
  const mayBeOpen = schema["x-kubernetes-int-or-string"] === true || schema["x-kubernetes-preserve-unknown-fields"] === true;
  return type === "" && !mayBeOpen ? [required(`${path}.type`, emptyType[level])] : atRoot;
}

function identityCauses({ properties = {} }: JsonSchemaProps, path: string): readonly Cause[] {
  return ["kind", "apiVersion"].flatMap((name) => {
    const type = properties[name]?.type ?? "";
    return properties[name] === undefined || type === "string" ? [] : [invalid(`${path}.properties[${name}].type`, type, "must be string")];
  });
}

function metadataCauses({ properties = {} }: JsonSchemaProps, level: Level, isChecked: boolean, path: string): readonly Cause[] {
  const metadata = properties["metadata"];
  if (metadata === undefined) return [];
  const at = `${path}.properties[metadata]`;
  return [
    ...(isChecked && metadata.type !== "object" ? [invalid(`${at}.type`, metadata.type ?? "", "must be object")] : []),
    ...(level === "root" && !saysOnlyNames(metadata)
      ? [forbidden(at, "must not specify anything other than name and generateName, but metadata is implicitly specified")]
      : []),
  ];
}

/** A schema of metadata at the root may restrict its names and say nothing else. */
function saysOnlyNames(metadata: JsonSchemaProps): boolean {
  const { type: _type, default: _default, properties = {}, ...others } = metadata;
  const isPlain = Object.values(others).every((value) => isEmpty(value) || value === false);
  return isPlain && Object.keys(properties).every((name) => name === "name" || name === "generateName");
}

function embeddedCauses(schema: JsonSchemaProps, path: string): readonly Cause[] {
  if (schema["x-kubernetes-embedded-resource"] !== true) return [];
  const isClosed = schema["x-kubernetes-preserve-unknown-fields"] !== true && propertiesOf(schema).length === 0;
  const words = "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
  return [
    ...(schema.additionalProperties === undefined
      ? []
      : [forbidden(`${path}.additionalProperties`, "must not be used if x-kubernetes-embedded-resource is set")]),
    ...(isClosed ? [required(`${path}.properties`, words)] : []),
  ];
}

/** Whether a schema, and all in it, is structural. */
export function isStructural(schema: JsonSchemaProps | undefined): boolean {
  return schema === undefined || (everyReadable(schema) && structuralCauses(schema, "").length === 0);
}

function everyReadable(schema: JsonSchemaProps): boolean {
  return firstUnreadable(schema) === undefined;
}

/** The reason of the first schema that cannot be read, in the order of a walk. */
export function firstUnreadable(schema: JsonSchemaProps): string | undefined {
  const reason = unreadableReason(schema);
  if (reason !== undefined) return reason;
  const children = [
    itemsOf(schema),
    ...propertiesOf(schema).map(([, it]) => it),
    valuesOf(schema),
    schema.not,
    ...[...(schema.allOf ?? []), ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])],
  ];
  for (const child of children) {
    const found = child === undefined ? undefined : firstUnreadable(child);
    if (found !== undefined) return found;
  }
  return undefined;
}
