/**
 * The beginnings of the keys under which the API server stores a resource that an EncryptionConfiguration names: `secrets`,
 * `deployments.apps`, `*.apps`, `*.` (all of the core group) or `*.*`.
 */
export function storedPrefixes(resource: string): readonly string[] {
  if (resource === "*.*") return ["/"];
  const dot = resource.indexOf(".");
  const [plural, group] = dot < 0 ? [resource, ""] : [resource.slice(0, dot), resource.slice(dot + 1)];
  // Events of both groups are stored in one place.
  if (group === "" && plural === "events") return [eventsPrefix];
  if (plural === "*") return group === "" ? ["/core/", eventsPrefix] : [`/${group}/`, ...dataSourcesOf(group)];
  return plural === "datasources" && dataSourcesOf(group).length > 0 ? dataSourcesOf(group) : [`/${group === "" ? "core" : group}/${plural}/`];
}

export const eventsPrefix = "/events/";

/** Data sources are stored in one place, whatever group shows them. */
const dataSourcesOf = (group: string): readonly string[] => (group.endsWith(".datasource.grafana.app") ? ["/datasources/"] : []);
