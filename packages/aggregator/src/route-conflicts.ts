import type { GroupVersion } from "@dataplane/meta";
import { isOwnGroupOfAnother, isServerGroup } from "@dataplane/plugin-host";
import type { DataPlaneService } from "./dataplaneservice.js";
import type { PathPattern } from "./path-pattern.js";

/** Why a service is not routed; the words of its Available condition. */
export interface Conflict {
  readonly reason: "GroupConflict" | "RouteConflict";
  readonly message: string;
}

/** What the servers behind the data plane serve. */
export interface StoredResources {
  hasGroup(group: string): boolean;
  hasResource(group: string, version: string, plural: string): boolean;
  /** True for a group and version of a remote APIService. */
  isRemote(groupVersion: GroupVersion): boolean;
}

/** Whether a service may be routed at all, other services aside. */
export function conflictOf({ spec }: DataPlaneService, patterns: readonly PathPattern[], stored: StoredResources): Conflict | undefined {
  const { group, version, pluginID } = spec;
  if (isServerGroup(group)) return groupConflict(`group ${JSON.stringify(group)} belongs to the API server`);
  if (isOwnGroupOfAnother(group, pluginID)) return groupConflict(`group ${JSON.stringify(group)} belongs to another plugin`);
  if (stored.isRemote({ group, version })) return groupConflict(`${group}/${version} is served by a remote APIService`);
  const shadowed = patterns.map(firstLiteral).find((plural) => plural !== undefined && stored.hasResource(group, version, plural));
  if (shadowed === undefined) return undefined;
  return { reason: "RouteConflict", message: `a route begins with ${JSON.stringify(shadowed)}, which is a resource of ${group}/${version}` };
}

/** Of two services for one group and version the elder serves. */
export const lostTo = (elder: DataPlaneService): Conflict =>
  groupConflict(`${elder.spec.group}/${elder.spec.version} is served by DataPlaneService ${JSON.stringify(elder.metadata.name)}, which is older`);

const groupConflict = (message: string): Conflict => ({ reason: "GroupConflict", message });

/** The first segment after `namespaces/{namespace}/`. */
const firstLiteral = (pattern: PathPattern): string | undefined => {
  const segment = pattern[2];
  return segment?.kind === "literal" ? segment.text : undefined;
};
