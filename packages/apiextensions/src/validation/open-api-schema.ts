import type { Cause } from "@dataplane/meta";
import type { JsonSchemaProps } from "../definition/custom-resource-definition.js";
import { forbidden, invalid, notSupported } from "./causes.js";
import { listTypeCauses, mapTypeCauses } from "./list-and-map-types.js";
import { ruleFormCauses } from "./rule-form.js";
import type { SchemaRules } from "./schema-rules.js";
import { hasDefault, isList, isSchema } from "./schema-walk.js";
import { isEmpty } from "./structural.js";

interface Place {
  readonly rules: SchemaRules;
  readonly path: string;
  readonly isRoot: boolean;
  /** Within apiVersion, kind or metadata of an object. */
  readonly inMeta: boolean;
  /** Why there may be no default here. */
  readonly noDefault?: string;
}

/** What is wrong with a schema keyword by keyword, whether it is structural or not. */
export const openApiSchemaCauses = (schema: JsonSchemaProps, rules: SchemaRules, path: string): readonly Cause[] =>
  causesOf(schema, { rules, path, isRoot: true, inMeta: false });

function causesOf(schema: JsonSchemaProps, place: Place): readonly Cause[] {
  const { path, rules } = place;
  return [
    ...keywordCauses(schema, place),
    ...(schema.uniqueItems === true
      ? [forbidden(`${path}.uniqueItems`, "uniqueItems cannot be set to true since the runtime complexity becomes quadratic")]
      : []),
    ...childCauses(schema, place),
    ...(schema["x-kubernetes-preserve-unknown-fields"] === false
      ? [invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, "must be true or undefined")]
      : []),
    ...mapTypeCauses(schema, path),
    ...listTypeCauses(schema, rules, path),
    ...ruleFormCauses(schema, path),
  ];
}

const types = ["array", "boolean", "integer", "number", "object", "string"];
const unsupported = ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"] as const;

function keywordCauses(schema: JsonSchemaProps, { path, rules, noDefault, inMeta }: Place): readonly Cause[] {
  const { type = "" } = schema;
  return [
    ...(rules.requireKnownType && type !== "" && !types.includes(type) ? [notSupported(`${path}.type`, type, types)] : []),
    ...(hasDefault(schema) && noDefault !== undefined ? [forbidden(`${path}.default`, `must not be set ${noDefault}`)] : []),
    ...unsupported.filter((name) => !isEmpty(schema[name])).map((name) => forbidden(`${path}.${name}`, `${name} is not supported`)),
    ...(type === "null" ? [forbidden(`${path}.type`, "type cannot be set to null, use nullable as an alternative")] : []),
    ...(isList(schema.items) ? [forbidden(`${path}.items`, "items must be a schema object and not an array")] : []),
    ...(inMeta && schema["x-kubernetes-embedded-resource"] === true
      ? [forbidden(`${path}.x-kubernetes-embedded-resource`, "must not be used inside of resource meta")]
      : []),
  ];
}

function childCauses(schema: JsonSchemaProps, place: Place): readonly Cause[] {
  const { path } = place;
  const below = (child: JsonSchemaProps, step: string): readonly Cause[] => causesOf(child, { ...place, path: `${path}.${step}`, isRoot: false });
  const each = (name: "allOf" | "oneOf" | "anyOf"): readonly Cause[] => (schema[name] ?? []).flatMap((it, index) => below(it, `${name}[${index}]`));
  return [
    ...additionalCauses(schema, place),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, property]) => causesOf(property, propertyPlace(schema, name, place))),
    ...(schema.not === undefined ? [] : below(schema.not, "not")),
    ...each("allOf"),
    ...each("oneOf"),
    ...each("anyOf"),
    ...Object.entries(schema.definitions ?? {}).flatMap(([name, it]) => below(it, `definitions[${name}]`)),
    ...itemCauses(schema, below),
  ];
}

function itemCauses({ items }: JsonSchemaProps, below: (child: JsonSchemaProps, step: string) => readonly Cause[]): readonly Cause[] {
  if (items === undefined) return [];
  return isList(items) ? items.flatMap((it, index) => below(it, `items[${index}]`)) : below(items, "items");
}

function additionalCauses({ additionalProperties, properties = {} }: JsonSchemaProps, place: Place): readonly Cause[] {
  const path = `${place.path}.additionalProperties`;
  const isBoth = additionalProperties !== undefined && additionalProperties !== true && Object.keys(properties).length > 0;
  // Whether a default fits cannot be told without the key that it stands at.
  const noDefault = place.inMeta ? { noDefault: "inside additionalProperties applying to object metadata" } : {};
  return [
    ...(isBoth ? [forbidden(path, "additionalProperties and properties are mutual exclusive")] : []),
    ...(isSchema(additionalProperties) ? causesOf(additionalProperties, { ...place, ...noDefault, path, isRoot: false }) : []),
  ];
}

const metaFields = new Set(["metadata", "kind", "apiVersion"]);

function propertyPlace(schema: JsonSchemaProps, name: string, place: Place): Place {
  const isMeta = (place.isRoot || schema["x-kubernetes-embedded-resource"] === true) && metaFields.has(name);
  return {
    ...place,
    path: `${place.path}.properties[${name}]`,
    isRoot: false,
    inMeta: place.inMeta || isMeta,
    ...(isMeta && place.isRoot ? { noDefault: `in top-level ${name}` } : {}),
  };
}
