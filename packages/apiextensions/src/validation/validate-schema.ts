import type { CheckRules } from "@dataplane/apiserver";
import type { Cause } from "@dataplane/meta";
import { type DefinitionVersion, type JsonSchemaProps, structuralOf } from "../definition/custom-resource-definition.js";
import { forbidden, invalid } from "./causes.js";
import { defaultCauses } from "./defaults.js";
import { openApiSchemaCauses } from "./open-api-schema.js";
import type { SchemaRules } from "./schema-rules.js";
import { schemasIn } from "./schema-walk.js";
import { firstUnreadable, structuralCauses } from "./structural.js";

export interface SchemaContext {
  readonly rules: SchemaRules;
  /** Compiles the rules in CEL. */
  readonly checkRules: CheckRules;
  readonly hasStatus: boolean;
}

/** What is wrong with `schema` of a version. */
export function validateVersionSchema(
  { openAPIV3Schema: schema }: NonNullable<DefinitionVersion["schema"]>,
  context: SchemaContext,
  parent: string,
): readonly Cause[] {
  if (schema === undefined) return [];
  const path = `${parent}.openAPIV3Schema`;
  const unreadable = context.rules.requireStructural ? firstUnreadable(schema) : undefined;
  const causes = [
    ...(context.hasStatus ? rootCauses(schema, path) : []),
    ...(schema.nullable === true ? [forbidden(`${path}.nullable`, "nullable cannot be true at the root")] : []),
    ...(context.rules.requireStructural && unreadable === undefined ? structureCauses(schema, context.rules, path) : []),
  ];
  const keywords = openApiSchemaCauses(schema, context.rules, path);
  if (causes.length > 0 || keywords.length > 0) return [...causes, ...keywords];
  if (unreadable !== undefined) return [invalid(path, "", unreadable)];
  return context.rules.requireStructural ? ruleCauses(schema, context.checkRules, path) : [];
}

function structureCauses(schema: JsonSchemaProps, rules: SchemaRules, path: string): readonly Cause[] {
  const causes = structuralCauses(schema, path);
  return causes.length > 0 ? causes : defaultCauses(schema, rules.requirePrunedDefaults, path, true);
}

/** Rules are compiled for schemas that are in order: else their faults are told twice, and the second time in riddles. */
function ruleCauses(schema: JsonSchemaProps, checkRules: CheckRules, path: string): readonly Cause[] {
  if (![...schemasIn(schema)].some((it) => (it["x-kubernetes-validations"] ?? []).length > 0)) return [];
  return checkRules(structuralOf(schema)).map(({ field, reason, message }) => ({ reason, message, field: field === "" ? path : `${path}.${field}` }));
}

// In Kubernetes' words and order: they are the names of Go's fields.
const allowedAtRoot = new Map([
  ["description", "Description"],
  ["type", "Type"],
  ["format", "Format"],
  ["title", "Title"],
  ["maximum", "Maximum"],
  ["exclusiveMaximum", "ExclusiveMaximum"],
  ["minimum", "Minimum"],
  ["exclusiveMinimum", "ExclusiveMinimum"],
  ["maxLength", "MaxLength"],
  ["minLength", "MinLength"],
  ["pattern", "Pattern"],
  ["maxItems", "MaxItems"],
  ["minItems", "MinItems"],
  ["uniqueItems", "UniqueItems"],
  ["multipleOf", "MultipleOf"],
  ["required", "Required"],
  ["items", "Items"],
  ["properties", "Properties"],
  ["externalDocs", "ExternalDocs"],
  ["example", "Example"],
  ["x-kubernetes-preserve-unknown-fields", "XPreserveUnknownFields"],
  ["x-kubernetes-validations", "XValidations"],
]);

/** With a status subresource the schema of status is taken out of the root's: what the root says beside it would be lost. */
function rootCauses(schema: JsonSchemaProps, path: string): readonly Cause[] {
  const { type = "" } = schema;
  // Kubernetes tells the first fault, in the order of its own fields.
  const isFirst = (["id", "$schema", "$ref"] as const).every((name) => (schema[name] ?? "") === "");
  if (isFirst && type !== "" && type !== "object") {
    const words = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled';
    return [invalid(`${path}.type`, type, words)];
  }
  const isSet = ([, value]: [string, unknown]): boolean => value !== undefined && value !== null && value !== "" && value !== false;
  const other = Object.entries(schema).find((entry) => isSet(entry) && !allowedAtRoot.has(entry[0]));
  if (other === undefined) return [];
  const names = [...allowedAtRoot.values()].join(" ");
  return [invalid(path, schema, `only [${names}] fields are allowed at the root of the schema if the status subresource is enabled`)];
}
