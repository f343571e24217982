import { isDeepStrictEqual } from "node:util";
import type { DefinitionSpec, DefinitionVersion, PrinterColumn, SelectableField, Subresources } from "../definition/custom-resource-definition.js";

/** What versions may differ in. */
export interface PerVersion {
  readonly schema?: DefinitionVersion["schema"];
  readonly subresources?: Subresources;
  readonly additionalPrinterColumns?: readonly PrinterColumn[];
  readonly selectableFields?: readonly SelectableField[];
}

/**
 * A spec as kube-apiserver sees it inside: what all versions have in common stands at the top (`spec.validation`, `spec.subresources`,
 * ...), and its errors name that place, as people find it on the web.
 */
export interface InternalSpec extends Omit<DefinitionSpec, "versions"> {
  readonly common: PerVersion;
  readonly versions: readonly DefinitionVersion[];
}

export function internalSpec(spec: DefinitionSpec): InternalSpec {
  const common: PerVersion = {
    ...shared(spec, "schema"),
    ...shared(spec, "subresources"),
    ...shared(spec, "additionalPrinterColumns"),
    ...shared(spec, "selectableFields"),
  };
  const versions = spec.versions.map((version) => withoutCommon(version, common));
  return { ...spec, common, versions };
}

function shared(spec: DefinitionSpec, key: keyof PerVersion): PerVersion {
  const [first, ...others] = spec.versions.map((version) => version[key]);
  return first !== undefined && others.every((other) => isDeepStrictEqual(other, first)) ? { [key]: first } : {};
}

const withoutCommon = (version: DefinitionVersion, common: PerVersion): DefinitionVersion =>
  Object.fromEntries(Object.entries(version).filter(([key]) => !Object.hasOwn(common, key))) as unknown as DefinitionVersion;
