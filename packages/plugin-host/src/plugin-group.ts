/**
 * The API group that a data source plugin owns: `<plugin id>.datasource.grafana.app`, but `testdata` for the bundled test data
 * plugin, as Grafana names it. Undefined when the id is no DNS label: then the plugin has no group of its own.
 */
export function ownGroupOf(pluginId: string): string | undefined {
  const label = pluginId === "grafana-testdata-datasource" ? "testdata" : pluginId;
  const isDnsLabel = /^[a-z0-9-]{1,63}$/.test(label) && !label.startsWith("-") && !label.endsWith("-");
  return isDnsLabel ? `${label}.datasource.grafana.app` : undefined;
}

/** The version in which a plugin's own group is served. */
export const ownGroupVersion = "v0alpha1";

/** Groups of this server's own kinds. */
const serverGroups = new Set(["", "aggregation.grafana.app", "apps.grafana.app", "query.grafana.app", "service.grafana.app"]);

/** True for a group that belongs to the API server: no plugin may answer there. */
export const isServerGroup = (group: string): boolean => serverGroups.has(group) || group === "k8s.io" || group.endsWith(".k8s.io");

/** True for the own group of another data source plugin: it is that plugin's, whatever a service says. */
export const isOwnGroupOfAnother = (group: string, pluginId: string): boolean =>
  group.endsWith(".datasource.grafana.app") && group !== ownGroupOf(pluginId);
