import type { DefinitionSpec, DefinitionVersion } from "../definition/custom-resource-definition.js";
import { isNewerVersion } from "./version-order.js";

/** What clients of a deprecated version are told; undefined for a version that is in favour. */
export function deprecationWarning(version: DefinitionVersion, { group, names, versions }: DefinitionSpec): string | undefined {
  if (version.deprecated !== true) return undefined;
  if (version.deprecationWarning !== undefined) return version.deprecationWarning;
  const [best] = versions
    .filter(({ name, served, deprecated }) => served && deprecated !== true && isNewerVersion(name, version.name))
    .map(({ name }) => name)
    .toSorted((a, b) => (isNewerVersion(a, b) ? -1 : 1));
  const use = best === undefined ? "" : `; use ${group}/${best} ${names.kind}`;
  return `${group}/${version.name} ${names.kind} is deprecated${use}`;
}
