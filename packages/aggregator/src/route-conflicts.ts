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
  /** Whether `<plural>/<name>/<subresource>` is answered there. */
  hasSubresource(group: string, version: string, plural: string, subresource: string): boolean;
  /** True for a group and version of a remote APIService. */
  isRemote(groupVersion: GroupVersion): boolean;
}

/** Whether a service may be routed at all, other services aside. */
export function conflictOf({ spec }: DataPlaneService, patterns: readonly PathPattern[], stored: StoredResources): Conflict | undefined {
  const { group, version, pluginID } = spec;
  if (isServerGroup(group)) return groupConflict(`group ${JSON.stringify(group)} belongs to the API server`);
  if (isOwnGroupOfAnother(group, pluginID)) return groupConflict(`group ${JSON.stringify(group)} belongs to another plugin`);
  if (stored.isRemote({ group, version })) return groupConflict(`${group}/${version} is served by a remote APIService`);
  const shadowed = patterns.find((pattern) => shadows(pattern, { group, version }, stored));
  if (shadowed === undefined) return undefined;
  const [first] = literalsOf(shadowed);
  return { reason: "RouteConflict", message: `a route would hide what ${JSON.stringify(first)}, a resource of ${group}/${version}, answers` };
}

/** Whether a pattern asks for what a stored resource answers: its objects, one of them, or one of their subresources. */
function shadows(pattern: PathPattern, { group, version }: GroupVersion, stored: StoredResources): boolean {
  const [plural, , subresource] = literalsOf(pattern);
  if (plural === undefined || !stored.hasResource(group, version, plural)) return false;
  return subresource === undefined || stored.hasSubresource(group, version, plural, subresource);
}

/** Of two services for one group and version the elder serves. */
export const lostTo = (elder: DataPlaneService): Conflict =>
  groupConflict(`${elder.spec.group}/${elder.spec.version} is served by DataPlaneService ${JSON.stringify(elder.metadata.name)}, which is older`);

const groupConflict = (message: string): Conflict => ({ reason: "GroupConflict", message });

/** The segments after `namespaces/{namespace}/`, those that are not literal as undefined. */
const literalsOf = (pattern: PathPattern): readonly (string | undefined)[] =>
  pattern.slice(2).map((segment) => (segment.kind === "literal" ? segment.text : undefined));
