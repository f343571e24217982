import type { CheckRules } from "@dataplane/apiserver";
import type { Cause } from "@dataplane/meta";
import { type DefinitionVersion, hasStatus } from "../definition/custom-resource-definition.js";
import { invalid, required } from "./causes.js";
import { dns1035LabelProblems } from "./dns-names.js";
import type { InternalSpec, PerVersion } from "./internal-spec.js";
import type { SchemaRules } from "./schema-rules.js";
import { validateColumns } from "./validate-columns.js";
import { validateVersionSchema } from "./validate-schema.js";
import { validateSelectableFields } from "./validate-selectable-fields.js";
import { validateSubresources } from "./validate-subresources.js";

export interface VersionContext {
  readonly rules: SchemaRules;
  readonly checkRules: CheckRules;
  /** Whether the version of that name, or "" for all, may keep more selectable fields than there may be. */
  readonly mayHaveManyFields: (version: string) => boolean;
}

/** What is wrong with the versions themselves, and with what each of them says for itself. */
export function validateVersions(spec: InternalSpec, context: VersionContext, path: string): readonly Cause[] {
  const { versions, common } = spec;
  const names = versions.map(({ name }) => name);
  return [
    ...versions.flatMap((version, index) => {
      const at = `${path}.versions[${index}]`;
      const statusIsServed = common.subresources === undefined ? hasStatus(version) : hasStatus(common);
      return [
        ...nameCauses(version.name, `${at}.name`),
        ...deprecationCauses(version, at),
        ...partCauses(version, context, { at, name: version.name, statusIsServed }),
      ];
    }),
    ...(new Set(names).size < names.length ? [invalid(`${path}.versions`, versions, "must contain unique version names")] : []),
    ...(versions.filter(({ storage }) => storage).length === 1
      ? []
      : [invalid(`${path}.versions`, versions, "must have exactly one version marked as storage version")]),
    // Kubernetes keeps the first one's name here too.
    ...versions.slice(0, 1).flatMap(({ name }) => nameCauses(name, `${path}.version`)),
  ];
}

/** The same of what all versions have in common. */
export function validateCommon({ common, versions }: InternalSpec, context: VersionContext, path: string): readonly Cause[] {
  const statusIsServed = hasStatus(common) || versions.some(hasStatus);
  return partCauses(common, context, { at: path, name: "", statusIsServed, schemaName: "validation" });
}

interface Part {
  readonly at: string;
  readonly name: string;
  readonly statusIsServed: boolean;
  readonly schemaName?: string;
}

function partCauses(part: PerVersion, { rules, checkRules, mayHaveManyFields }: VersionContext, place: Part): readonly Cause[] {
  const { at, name, statusIsServed, schemaName = "schema" } = place;
  const { schema, subresources, additionalPrinterColumns, selectableFields } = part;
  return [
    ...(schema === undefined ? [] : validateVersionSchema(schema, { rules, checkRules, hasStatus: statusIsServed }, `${at}.${schemaName}`)),
    ...validateSubresources(subresources, `${at}.subresources`),
    ...validateColumns(additionalPrinterColumns, `${at}.additionalPrinterColumns`),
    ...(selectableFields === undefined || selectableFields.length === 0
      ? []
      : selectableCauses(part, `${at}.selectableFields`, mayHaveManyFields(name))),
  ];
}

/** The schema is looked for with the fields: either all versions share both, or a version has its own. */
function selectableCauses({ selectableFields = [], schema }: PerVersion, path: string, mayBeMany: boolean): readonly Cause[] {
  if (schema?.openAPIV3Schema === undefined) return [invalid(path, "", "may only be set when validations.schema is included")];
  return validateSelectableFields(selectableFields, schema.openAPIV3Schema, path, mayBeMany);
}

function nameCauses(name: string, path: string): readonly Cause[] {
  const problems = name === "" && path === "spec.version" ? [] : dns1035LabelProblems(name);
  return problems.length === 0 ? [] : [invalid(path, name, problems.join(","))];
}

function deprecationCauses({ deprecated = false, deprecationWarning: text }: DefinitionVersion, at: string): readonly Cause[] {
  if (text === undefined) return [];
  const because = (why: string): Cause => invalid(`${at}.deprecationWarning`, text, why);
  if (!deprecated) return [because("can only be set for deprecated versions")];
  const position = Array.from(text).findIndex((character) => !isPrintable(character));
  const before = Array.from(text).slice(0, Math.max(position, 0)).join("");
  return [
    ...(Buffer.byteLength(text) > 256 ? [because("must be <= 256 characters long")] : []),
    ...(text === "" ? [because("must not be an empty string")] : []),
    ...(position < 0
      ? []
      : [because(`must only contain printable UTF-8 characters; non-printable character found at index ${Buffer.byteLength(before)}`)]),
  ];
}

/** As Go has it: letters, marks, numbers, punctuation, symbols and the plain space. */
const isPrintable = (character: string): boolean => /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(character);

/** Versions need a schema, their own or the common one. */
export function missingSchemas(
  { versions, common }: InternalSpec,
  mayLackSchema: (version: DefinitionVersion) => boolean,
  path: string,
): readonly Cause[] {
  if (common.schema?.openAPIV3Schema !== undefined) return [];
  return versions.flatMap((version, index) =>
    version.schema?.openAPIV3Schema === undefined && !mayLackSchema(version) ? [required(`${path}.versions[${index}].schema.openAPIV3Schema`)] : [],
  );
}
