import { type ApiObject, elderFirst, type GroupVersion, isDnsSubdomain, isJsonObject } from "@dataplane/meta";
import { isOwnGroupOfAnother, isServerGroup, ownGroupOf, ownGroupVersion, type Plugin, type PluginSource } from "@dataplane/plugin-host";

/** A group and version in which the data sources of a plugin are served. */
export interface ServedGroup extends GroupVersion {
  readonly pluginId: string;
  /** True for the plugin's own group; any other shows the same objects. */
  readonly canonical: boolean;
}

/** By `<group>/<version>`: the plugins' own groups, and what DataPlaneServices bind to them. Of two services for one the elder has it. */
export function servedGroups(plugins: PluginSource, services: readonly ApiObject[]): ReadonlyMap<string, ServedGroup> {
  const claims = new Map<string, ServedGroup>();
  for (const plugin of plugins.list()) {
    const group = isDataSource(plugin) ? ownGroupOf(plugin.id) : undefined;
    if (group !== undefined) claim(claims, { pluginId: plugin.id, group, version: ownGroupVersion, canonical: true });
  }
  for (const service of services.toSorted(elderFirst)) {
    const bound = boundGroup(service);
    if (bound !== undefined) claim(claims, bound);
  }
  // A plugin that is not here, or has no group of its own, still keeps the younger services out, as it does in the data plane.
  return new Map([...claims].filter(([, { pluginId }]) => isDataSource(plugins.get(pluginId)) && ownGroupOf(pluginId) !== undefined));
}

function claim(claims: Map<string, ServedGroup>, served: ServedGroup): void {
  const key = `${served.group}/${served.version}`;
  if (!claims.has(key)) claims.set(key, served);
}

const isDataSource = (plugin: Plugin | undefined): boolean => plugin?.json.type === "datasource" && plugin.json.backend;

/** What a service binds; undefined when it binds no plugin, or may not have that group. */
function boundGroup({ metadata, spec }: ApiObject): ServedGroup | undefined {
  if (!isJsonObject(spec) || metadata.deletionTimestamp !== undefined) return undefined;
  const { pluginID: pluginId, group, version } = spec;
  if (typeof pluginId !== "string" || typeof group !== "string" || typeof version !== "string") return undefined;
  if (!isDnsSubdomain(group) || isServerGroup(group) || isOwnGroupOfAnother(group, pluginId)) return undefined;
  return { pluginId, group, version, canonical: false };
}
