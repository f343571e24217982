import { isDeepStrictEqual } from "node:util";
import type { CheckRules } from "@dataplane/apiserver";
import type { Cause } from "@dataplane/meta";
import {
  type CustomResourceDefinition,
  type DefinitionSpec,
  type DefinitionStatus,
  type DefinitionVersion,
  isTrue,
  type JsonSchemaProps,
} from "../definition/custom-resource-definition.js";
import { approvalCauses } from "./api-approval.js";
import { invalid, required } from "./causes.js";
import { hasDefaults, hasUnprunedDefaults } from "./defaults.js";
import { dns1123SubdomainProblems } from "./dns-names.js";
import { internalSpec } from "./internal-spec.js";
import { hasLooseListMapKeys, hasNonAtomicSet } from "./list-and-map-types.js";
import { allSchemaRules, type SchemaRules } from "./schema-rules.js";
import { schemasIn } from "./schema-walk.js";
import { isStructural } from "./structural.js";
import { type ConversionRules, enumCauses, knownReviewVersions, validateConversion } from "./validate-conversion.js";
import { missingNames, validateNames } from "./validate-names.js";
import { missingSchemas, type VersionContext, validateCommon, validateVersions } from "./validate-versions.js";
import { caBundleProblem } from "./webhook-address.js";

export interface ValidateDefinitionInput {
  readonly definition: CustomResourceDefinition;
  /** What it replaces; undefined for a new one. */
  readonly old: CustomResourceDefinition | undefined;
  readonly checkRules: CheckRules;
}

/** What is wrong with a definition, in the words, at the paths and in the order of kube-apiserver. */
export function validateDefinition({ definition, old, checkRules }: ValidateDefinitionInput): readonly Cause[] {
  const { metadata, spec, status } = definition;
  return [
    ...(old === undefined && metadata.name !== `${spec.names.plural}.${spec.group}`
      ? [invalid("metadata.name", metadata.name, 'must be spec.names.plural+"."+spec.group')]
      : []),
    ...specCauses(spec, old, checkRules),
    ...(old === undefined ? [] : changedCauses(spec, old)),
    ...validateNames(status.acceptedNames, "status.acceptedNames"),
    ...storedVersionCauses(status, spec),
    ...approvalCauses(definition, old),
    ...preserveCauses(spec, old),
  ];
}

function specCauses(spec: DefinitionSpec, old: CustomResourceDefinition | undefined, checkRules: CheckRules): readonly Cause[] {
  const path = "spec";
  const internal = internalSpec(spec);
  const context: VersionContext = { rules: schemaRules(spec, old), checkRules, mayHaveManyFields: () => keepsSelectableFields(spec, old) };
  const oldLacksSchema = old !== undefined && schemasOf(old.spec).length < old.spec.versions.length;
  return [
    ...groupCauses(spec.group, `${path}.group`),
    ...enumCauses(spec.scope, ["Cluster", "Namespaced"], `${path}.scope`),
    ...missingSchemas(internal, (version) => oldLacksSchema && (!version.served || spec.preserveUnknownFields === true), path),
    ...(spec.preserveUnknownFields === true && schemasOf(spec).some(hasDefaults)
      ? [invalid(`${path}.preserveUnknownFields`, true, "must be false in order to use defaults in the schema")]
      : []),
    ...validateVersions(internal, context, path),
    ...missingNames(spec.names, `${path}.names`),
    ...validateNames(spec.names, `${path}.names`),
    ...validateCommon(internal, context, path),
    ...(spec.preserveUnknownFields === true && (spec.conversion?.strategy ?? "None") !== "None"
      ? [invalid(`${path}.conversion.strategy`, spec.conversion?.strategy, "must be None if spec.preserveUnknownFields is true")]
      : []),
    ...validateConversion(spec.conversion, conversionRules(old), `${path}.conversion`),
  ];
}

function groupCauses(group: string, path: string): readonly Cause[] {
  if (group === "") return [required(path)];
  const problems = dns1123SubdomainProblems(group);
  if (problems.length > 0) return [invalid(path, group, problems.join(","))];
  return group.includes(".") ? [] : [invalid(path, group, "should be a domain with at least one dot")];
}

/** What names stored objects and their keys. */
function changedCauses(spec: DefinitionSpec, old: CustomResourceDefinition): readonly Cause[] {
  const unchanged = (field: string, value: string, before: string): readonly Cause[] =>
    value === before ? [] : [invalid(`spec.${field}`, value, "field is immutable")];
  return [
    ...(isTrue(old, "Established")
      ? [...unchanged("scope", spec.scope, old.spec.scope), ...unchanged("names.kind", spec.names.kind, old.spec.names.kind)]
      : []),
    ...unchanged("group", spec.group, old.spec.group),
    ...unchanged("names.plural", spec.names.plural, old.spec.names.plural),
  ];
}

function storedVersionCauses({ storedVersions }: DefinitionStatus, { versions }: DefinitionSpec): readonly Cause[] {
  const path = "status.storedVersions";
  if (storedVersions.length === 0) return [invalid(path, storedVersions, "must have at least one stored version")];
  const names = versions.map(({ name }) => name);
  return [
    ...versions
      .filter(({ name, storage }) => storage && !storedVersions.includes(name))
      .map(({ name }) => invalid(path, storedVersions, `must have the storage version ${name}`)),
    ...storedVersions.flatMap((stored, index) => {
      const words = `missing from spec.versions; ${stored} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${stored} and removes ${stored} from status.storedVersions`;
      return names.includes(stored) ? [] : [invalid(`${path}[${index}]`, stored, words)];
    }),
  ];
}

function preserveCauses({ preserveUnknownFields }: DefinitionSpec, old: CustomResourceDefinition | undefined): readonly Cause[] {
  if (preserveUnknownFields !== true || old?.spec.preserveUnknownFields === true) return [];
  const words = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
  return [invalid("spec.preserveUnknownFields", true, words)];
}

const schemasOf = ({ versions }: DefinitionSpec): readonly JsonSchemaProps[] =>
  versions.flatMap(({ schema }) => (schema?.openAPIV3Schema === undefined ? [] : [schema.openAPIV3Schema]));

/** Nothing that an older definition has already is held against its next state. */
function schemaRules(spec: DefinitionSpec, old: CustomResourceDefinition | undefined): SchemaRules {
  if (old === undefined) return allSchemaRules;
  const before = schemasOf(old.spec);
  const wasStructural = before.every(isStructural);
  const knownTypes = new Set(["string", "number", "integer", "boolean", "array", "object", undefined, ""]);
  return {
    requireKnownType: before.every((schema) => [...schemasIn(schema)].every(({ type }) => knownTypes.has(type))),
    requireAtomicSet: !before.some(hasNonAtomicSet),
    requireListMapKeys: !before.some(hasLooseListMapKeys),
    requireStructural: wasStructural || spec.preserveUnknownFields !== true,
    requirePrunedDefaults: !wasStructural || !before.some(hasUnprunedDefaults),
  };
}

function conversionRules(old: CustomResourceDefinition | undefined): ConversionRules {
  if (old === undefined) return { requireKnownReviewVersion: true, allowInvalidCaBundle: true };
  const { webhook } = old.spec.conversion ?? {};
  const versions = webhook?.conversionReviewVersions ?? [];
  const caBundle = webhook?.clientConfig?.caBundle ?? "";
  return {
    requireKnownReviewVersion: versions.length === 0 || versions.some((version) => knownReviewVersions.includes(version)),
    allowInvalidCaBundle: !isTrue(old, "Established") || (caBundle !== "" && caBundleProblem(caBundle) !== undefined),
  };
}

/** Unchanged fields stay, though there are more than there may be. */
function keepsSelectableFields({ versions }: DefinitionSpec, old: CustomResourceDefinition | undefined): boolean {
  if (old === undefined) return false;
  const fieldsOf = (version: DefinitionVersion): unknown => version.selectableFields;
  return versions.every((version) => {
    const before = old.spec.versions.find(({ name }) => name === version.name);
    return before !== undefined && isDeepStrictEqual(fieldsOf(before), fieldsOf(version));
  });
}
