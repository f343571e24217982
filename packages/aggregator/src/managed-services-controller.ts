import type { ApiClient, Informer } from "@dataplane/client";
import { createClientset, dataPlaneServicesRef, type DataPlaneService as StoredService } from "@dataplane/clientset";
import { createController } from "@dataplane/controller";
import { ApiError, type ApiObject, aborted, apiVersionOf, type Clock, type Logger } from "@dataplane/meta";
import { ownGroupOf, ownGroupVersion, type Plugin, type PluginSource } from "@dataplane/plugin-host";
import { dataPlaneServiceFrom, managedLabel } from "./dataplaneservice.js";
import { isServiceTypeName } from "./service-types/names.js";
import { resourcesPattern } from "./service-types/route.js";
import { serviceTypes } from "./service-types/table.js";

export interface ManagedServicesOptions {
  readonly client: ApiClient;
  /** Of DataPlaneServices; run by the caller. */
  readonly services: Informer<ApiObject>;
  readonly plugins: PluginSource;
  readonly clock: Clock;
  readonly logger: Logger;
}

const writer = { fieldManager: "dataplane-managed-services" };

/** Keeps one DataPlaneService for each data source plugin, in the plugin's own group, also when it is deleted; until `signal` aborts. */
export function managedDataPlaneServicesController(options: ManagedServicesOptions): { run(signal: AbortSignal): Promise<void> } {
  const { client, services, plugins, clock, logger } = options;
  const controller = createController({
    name: "managed-dataplaneservices",
    clock,
    logger,
    async reconcile(pluginId, signal) {
      const plugin = plugins.get(pluginId);
      const wanted = plugin === undefined ? undefined : managedService(plugin);
      if (wanted === undefined) return undefined;
      const stored = services.get(wanted.metadata.name);
      if (stored === undefined) await create(client, wanted, signal);
      // Without the label it is a user's own, and left alone.
      else if (stored.metadata.labels?.[managedLabel] === "true" && !sameSpec(stored, wanted)) await update(client, wanted, signal);
      return undefined;
    },
  });

  return {
    async run(signal) {
      const stops = [
        plugins.onChange((pluginId) => controller.enqueue(pluginId)),
        services.onChange(({ object }) => controller.enqueue(dataPlaneServiceFrom(object).spec.pluginID)),
      ];
      await Promise.race([services.synced, aborted(signal)]);
      for (const { id } of plugins.list()) controller.enqueue(id);
      await controller.run(signal);
      for (const stop of stops) stop();
    },
  };
}

/** Undefined for a plugin that has no group of its own. Lists what is served; a type that comes to be served is added by the next version. */
export function managedService(plugin: Plugin): StoredService | undefined {
  const group = ownGroupOf(plugin.id);
  if (group === undefined || !plugin.json.backend || plugin.json.type !== "datasource") return undefined;
  const services = managedEntries(plugin).filter(
    (entry) => isServiceTypeName(entry.type) && serviceTypes[entry.type].served(entry, { pluginType: "datasource" }),
  );
  return {
    apiVersion: apiVersionOf(dataPlaneServicesRef),
    kind: "DataPlaneService",
    metadata: { name: `${ownGroupVersion}.${group}`, labels: { [managedLabel]: "true" } },
    spec: {
      pluginID: plugin.id,
      pluginType: "datasource",
      group,
      version: ownGroupVersion,
      services,
    },
  };
}

const managedEntries = ({ json }: Plugin): StoredService["spec"]["services"] => [
  { type: "query" },
  { type: "stream" },
  { type: "route", path: resourcesPattern },
  ...(json.routes.length === 0 ? [] : [{ type: "datasource-proxy" as const }]),
];

async function create(client: ApiClient, wanted: StoredService, signal: AbortSignal): Promise<void> {
  try {
    await createClientset(client).dataPlaneServices.create(wanted, writer, signal);
  } catch (thrown) {
    // Another server, or an informer that is behind: the watch will bring it.
    if (!(thrown instanceof ApiError) || thrown.reason !== "AlreadyExists") throw thrown;
  }
}

async function update(client: ApiClient, { metadata: { name }, spec }: StoredService, signal: AbortSignal): Promise<void> {
  await createClientset(client).dataPlaneServices.patch({ name }, "application/merge-patch+json", { spec }, writer, signal);
}

const sameSpec = (a: ApiObject, b: ApiObject): boolean =>
  JSON.stringify(dataPlaneServiceFrom(a).spec) === JSON.stringify(dataPlaneServiceFrom(b).spec);
