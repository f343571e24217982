import type { ResourceRegistry } from "@dataplane/apiserver";
import type { Informer } from "@dataplane/client";
import { createController } from "@dataplane/controller";
import type { ApiObject, Clock, Logger } from "@dataplane/meta";
import type { PluginSource } from "@dataplane/plugin-host";
import { dataSourceDefinition } from "./data-source.js";
import { connectionDefinition } from "./data-source-connection.js";
import type { Sealer } from "./sealer.js";
import { type ServedGroup, servedGroups } from "./served-groups.js";

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
  /** Makes the registry true to what is known now. */
  sync(): void;
  /** Keeps it true until `signal` aborts. Once only. */
  run(signal: AbortSignal): Promise<void>;
}

export function dataSourceGroups({ registry, plugins, services, sealer, clock, logger }: DataSourceGroupsOptions): DataSourceGroups {
  const current = new Map<string, ServedGroup>();

  const isTaken = ({ group, version }: ServedGroup): boolean => plurals.some((plural) => registry.get(group, version, plural) !== undefined);

  const sync = (): void => {
    const wanted = servedGroups(plugins, services.list());
    for (const [key, served] of current) {
      const next = wanted.get(key);
      if (next?.pluginId === served.pluginId && next.canonical === served.canonical) continue;
      current.delete(key);
      for (const plural of plurals) registry.remove({ ...served, plural });
    }
    for (const [key, served] of wanted) {
      // What others registered there stays theirs; should it go, the registry tells.
      if (current.has(key) || isTaken(served)) continue;
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
      const lookAgain = (): void => controller.enqueue("all");
      const stops = [services.onChange(lookAgain), plugins.onChange(lookAgain), registry.onChange(lookAgain)];
      lookAgain();
      await controller.run(signal);
      for (const stop of stops) stop();
    },
  };
}

const plurals = ["datasources", "connections"] as const;
