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
