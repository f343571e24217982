import { compilePattern } from "@dataplane/apiserver";
import type { Cause } from "@dataplane/meta";
import type { JsonSchemaProps } from "../definition/custom-resource-definition.js";
import { forbidden, invalid } from "./causes.js";
import { hasDefault, itemsOf, propertiesOf, valuesOf } from "./schema-walk.js";

interface Exceptions {
  /** The two forms of int-or-string may name types. */
  readonly skipAnyOf: boolean;
  readonly skipFirstAllOf: boolean;
}

const none: Exceptions = { skipAnyOf: false, skipFirstAllOf: false };

/** What is wrong with the value validations of a schema: patterns, and what stands below allOf, anyOf, oneOf and not. */
export function valueValidationCauses(schema: JsonSchemaProps, { skipAnyOf, skipFirstAllOf }: Exceptions, path: string): readonly Cause[] {
  const { anyOf = [], allOf = [], oneOf = [], not, pattern = "" } = schema;
  return [
    ...(skipAnyOf ? [] : anyOf.flatMap((it, index) => nestedCauses(it, none, `${path}.anyOf[${index}]`))),
    ...allOf.flatMap((it, index) => nestedCauses(it, { ...none, skipAnyOf: skipFirstAllOf && index === 0 }, `${path}.allOf[${index}]`)),
    ...oneOf.flatMap((it, index) => nestedCauses(it, none, `${path}.oneOf[${index}]`)),
    ...(not === undefined ? [] : nestedCauses(not, none, `${path}.not`)),
    ...(pattern === "" ? [] : patternCauses(pattern, `${path}.pattern`)),
  ];
}

function patternCauses(pattern: string, path: string): readonly Cause[] {
  const compiled = compilePattern(pattern);
  return "problem" in compiled ? [invalid(path, pattern, `must be a valid regular expression, but isn't: ${compiled.problem}`)] : [];
}

const mustBeEmpty = ["type", "title", "description", "x-kubernetes-list-map-keys", "x-kubernetes-validations"] as const;
const mustBeFalse = ["nullable", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource", "x-kubernetes-int-or-string"] as const;
const mustBeUndefined = ["x-kubernetes-list-type", "x-kubernetes-map-type"] as const;

/** A value validation adds no field and no meaning: it may only judge. */
function nestedCauses(schema: JsonSchemaProps, exceptions: Exceptions, path: string): readonly Cause[] {
  const items = itemsOf(schema);
  return [
    ...valueValidationCauses(schema, exceptions, path),
    ...(items === undefined ? [] : nestedCauses(items, none, `${path}.items`)),
    ...propertiesOf(schema).flatMap(([name, property]) => nestedCauses(property, none, `${path}.properties[${name}]`)),
    ...mustBeEmpty.filter((name) => (schema[name] ?? "").length > 0).map((name) => forbidden(`${path}.${name}`, "must be empty to be structural")),
    ...(valuesOf(schema) !== undefined || schema.additionalProperties === true
      ? [forbidden(`${path}.additionalProperties`, "must be undefined to be structural")]
      : []),
    ...(hasDefault(schema) ? [forbidden(`${path}.default`, "must be undefined to be structural")] : []),
    ...mustBeFalse.filter((name) => schema[name] === true).map((name) => forbidden(`${path}.${name}`, "must be false to be structural")),
    ...mustBeUndefined.filter((name) => schema[name] !== undefined).map((name) => forbidden(`${path}.${name}`, "must be undefined to be structural")),
    ...(schema.properties?.["metadata"] === undefined
      ? []
      : [forbidden(`${path}.properties[metadata]`, "must not be specified in a nested context")]),
  ];
}
