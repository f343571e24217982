import type { ResourceRegistry } from "@dataplane/apiserver";
import type { Informer } from "@dataplane/client";
import { createController } from "@dataplane/controller";
import { type ApiObject, type Clock, type GroupVersion, isDnsSubdomain, isJsonObject, type Logger } from "@dataplane/meta";
import { ownGroupOf, ownGroupVersion, type PluginSource } from "@dataplane/plugin-host";
import { connectionDefinition, dataSourceDefinition } from "./data-source.js";
import type { Sealer } from "./sealer.js";

export interface DataSourceGroupsOptions {
  readonly registry: ResourceRegistry;
  readonly plugins: PluginSource;
  /** Of DataPlaneServices; run by the caller. */
  readonly services: Informer<ApiObject>;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Serves the data sources of each plugin in the plugin's own group, and as a view in each group and version that a DataPlaneService
 * binds to the plugin. Removing a service takes its view away; the data sources stay.
 */
export interface DataSourceGroups {
  /** Makes the registry true now; the caller may need it at once after a write of a DataPlaneService. */
  sync(services?: readonly ApiObject[]): void;
  run(signal: AbortSignal): Promise<void>;
}

interface Served extends GroupVersion {
  readonly pluginId: string;
  readonly canonical: boolean;
}

export function dataSourceGroups(options: DataSourceGroupsOptions): DataSourceGroups {
  const { registry, plugins, services, sealer, clock, logger } = options;
  const current = new Map<string, Served>();

  const sync = (known: readonly ApiObject[] = services.list()): void => {
    const wanted = wantedGroups(plugins, known);
    for (const [key, served] of current) {
      if (wanted.get(key)?.pluginId === served.pluginId) continue;
      current.delete(key);
      for (const plural of ["datasources", "connections"]) registry.remove({ ...served, plural });
    }
    for (const [key, served] of wanted) {
      if (current.has(key) || registry.get(served.group, served.version, "datasources") !== undefined) continue;
      current.set(key, served);
      registry.add(dataSourceDefinition({ ...served, sealer }));
      registry.add(connectionDefinition(served));
    }
  };

  const controller = createController({
    name: "datasource-groups",
    concurrency: 1,
    clock,
    logger,
    reconcile: () => {
      sync();
      return Promise.resolve(undefined);
    },
  });

  return {
    sync,
    async run(signal) {
      const stops = [services.onChange(() => controller.enqueue("all")), plugins.onChange(() => controller.enqueue("all"))];
      controller.enqueue("all");
      await controller.run(signal);
      for (const stop of stops) stop();
    },
  };
}

/** By group and version: the plugins' own groups, then what services bind; of two services the elder. */
function wantedGroups(plugins: PluginSource, services: readonly ApiObject[]): ReadonlyMap<string, Served> {
  const wanted = new Map<string, Served>();
  for (const { id, json } of plugins.list()) {
    const group = json.type === "datasource" && json.backend ? ownGroupOf(id) : undefined;
    if (group !== undefined) wanted.set(`${group}/${ownGroupVersion}`, { pluginId: id, group, version: ownGroupVersion, canonical: true });
  }
  for (const service of [...services].sort(elderFirst)) {
    const served = viewOf(service, plugins);
    const key = served === undefined ? "" : `${served.group}/${served.version}`;
    if (served !== undefined && !wanted.has(key)) wanted.set(key, served);
  }
  return wanted;
}

function elderFirst(a: ApiObject, b: ApiObject): number {
  const left = `${a.metadata.creationTimestamp ?? ""} ${a.metadata.name}`;
  const right = `${b.metadata.creationTimestamp ?? ""} ${b.metadata.name}`;
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

const ownGroups = new Set(["", "aggregation.grafana.app", "apps.grafana.app", "query.grafana.app", "service.grafana.app"]);

function viewOf({ metadata, spec }: ApiObject, plugins: PluginSource): Served | undefined {
  if (!isJsonObject(spec) || metadata.deletionTimestamp !== undefined) return undefined;
  const { pluginID, pluginType, group, version } = spec;
  if (typeof pluginID !== "string" || typeof group !== "string" || typeof version !== "string" || pluginType !== "datasource") return undefined;
  if (plugins.get(pluginID)?.json.type !== "datasource") return undefined;
  const reserved = ownGroups.has(group) || group === "k8s.io" || group.endsWith(".k8s.io") || !isDnsSubdomain(group);
  // A plugin's own group belongs to that plugin, whatever a service says.
  const foreign = group.endsWith(".datasource.grafana.app") && group !== ownGroupOf(pluginID);
  return reserved || foreign ? undefined : { pluginId: pluginID, group, version, canonical: false };
}
