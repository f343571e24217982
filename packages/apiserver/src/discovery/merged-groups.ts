import type { ApiSource, DiscoveredResource, ServedGroupVersion } from "../api-source.js";
import { compareGroups, compareVersions } from "./group-order.js";
import { servedPriority } from "./served-priority.js";

/** One version of a group with the resources of all sources. */
export interface MergedVersion {
  readonly version: string;
  readonly freshness: ServedGroupVersion["freshness"];
  readonly resources: readonly DiscoveredResource[];
}

export interface MergedGroup {
  readonly group: string;
  /** The preferred one first. */
  readonly versions: readonly MergedVersion[];
}

/** All groups of all sources, in the order clients see them. */
export function mergedGroups(sources: readonly ApiSource[]): readonly MergedGroup[] {
  const groups = new Map<string, Map<string, ServedGroupVersion[]>>();
  for (const served of sources.flatMap((source) => source.served())) {
    const versions = groups.get(served.group) ?? new Map<string, ServedGroupVersion[]>();
    groups.set(served.group, versions);
    versions.set(served.version, [...(versions.get(served.version) ?? []), served]);
  }
  return [...groups]
    .map(([group, versions]) => ({ group, priority: highest([...versions.values()].flat(), "group"), versions }))
    .sort(compareGroups)
    .map(({ group, versions }) => ({
      group,
      versions: [...versions].sort(byPriorityAndVersion).map(([version, parts]) => mergedVersion(version, parts)),
    }));
}

/** What an APIService says goes before what is usual. */
const highest = (parts: readonly ServedGroupVersion[], what: "group" | "version"): number =>
  Math.max(...parts.map((part) => (part.priority ?? servedPriority(part))[what]));

type PartsOfVersion = readonly [string, readonly ServedGroupVersion[]];

const byPriorityAndVersion = ([a, ofA]: PartsOfVersion, [b, ofB]: PartsOfVersion): number =>
  highest(ofB, "version") - highest(ofA, "version") || compareVersions(a, b);

function mergedVersion(version: string, parts: readonly ServedGroupVersion[]): MergedVersion {
  const resources = new Map<string, DiscoveredResource>();
  // The first source to name a resource decides.
  for (const resource of parts.flatMap((part) => part.resources)) if (!resources.has(resource.name)) resources.set(resource.name, resource);
  return {
    version,
    freshness: parts.some(({ freshness }) => freshness === "Stale") ? "Stale" : "Current",
    resources: [...resources.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}
