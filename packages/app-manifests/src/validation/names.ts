import { type Cause, isDnsSubdomain } from "@dataplane/meta";
import { isServerGroup } from "@dataplane/plugin-host";
import type { ManifestSpec } from "../app-manifest-spec.js";
import { duplicateValue, forbidden, invalidValue } from "./causes.js";

const isVersionName = (name: string): boolean => /^v\d+(?:alpha\d+|beta\d+)?$/.test(name);

/** Names of the app, its group and its versions; a version that is served stays. */
export function nameCauses(spec: ManifestSpec, old: ManifestSpec | undefined): readonly Cause[] {
  return [
    ...(/^[a-z][a-z0-9-]*[a-z0-9]$/.test(spec.appName)
      ? []
      : [invalidValue("spec.appName", spec.appName, "must have lower case letters, digits and '-', and begin with a letter")]),
    ...groupCauses(spec.group, old?.group),
    ...versionCauses(spec),
    ...preferredCauses(spec),
    ...removedCauses(spec, old),
  ];
}

function groupCauses(group: string, old: string | undefined): readonly Cause[] {
  const field = "spec.group";
  if (old !== undefined && old !== group) return [forbidden(field, "the group of an app cannot be changed")];
  if (!isDnsSubdomain(group) || !group.includes(".")) return [invalidValue(field, group, "must be a DNS subdomain of two labels or more")];
  return isServerGroup(group) ? [invalidValue(field, group, "belongs to the API server")] : [];
}

const versionCauses = ({ versions }: ManifestSpec): readonly Cause[] =>
  versions.flatMap(({ name }, index) => {
    const field = `spec.versions[${index}].name`;
    if (!isVersionName(name)) return [invalidValue(field, name, "must be of the form v1, v1beta1 or v0alpha1")];
    return versions.findIndex((it) => it.name === name) < index ? [duplicateValue(field, name)] : [];
  });

function preferredCauses({ preferredVersion, versions }: ManifestSpec): readonly Cause[] {
  if (preferredVersion === "") return [];
  const preferred = versions.find(({ name }) => name === preferredVersion);
  if (preferred?.served === true) return [];
  const why = preferred === undefined ? "must be one of the versions" : "must be a version that is served";
  return [invalidValue("spec.preferredVersion", preferredVersion, why)];
}

function removedCauses({ versions }: ManifestSpec, old: ManifestSpec | undefined): readonly Cause[] {
  const removed = (old?.versions ?? []).filter(({ name, served }) => served && !versions.some((it) => it.name === name));
  return removed.map(({ name }) => forbidden("spec.versions", `version ${JSON.stringify(name)} is served: set served: false before it is removed`));
}
