import type { GroupVersion } from "@dataplane/meta";
import { ownGroupOf } from "@dataplane/plugin-host";
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

/** Groups of this server's own kinds: a plugin may not answer in their place. */
const ownGroups = new Set(["", "aggregation.grafana.app", "apps.grafana.app", "query.grafana.app", "service.grafana.app"]);

/** Whether a service may be routed at all, other services aside. */
export function conflictOf({ spec }: DataPlaneService, patterns: readonly PathPattern[], stored: StoredResources): Conflict | undefined {
  const { group, version, pluginID } = spec;
  if (ownGroups.has(group) || group === "k8s.io" || group.endsWith(".k8s.io")) {
    return groupConflict(`group ${JSON.stringify(group)} belongs to the API server`);
  }
  if (group.endsWith(".datasource.grafana.app") && group !== ownGroupOf(pluginID)) {
    return groupConflict(`group ${JSON.stringify(group)} belongs to another plugin`);
  }
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
