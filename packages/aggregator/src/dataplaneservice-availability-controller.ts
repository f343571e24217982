import type { ApiClient, Informer } from "@dataplane/client";
import { createController } from "@dataplane/controller";
import { ApiError, type ApiObject, type Clock, type Condition, type JsonObject, type Logger } from "@dataplane/meta";
import type { PluginSource } from "@dataplane/plugin-host";
import { dataPlaneServiceFrom, dataPlaneServicesRef } from "./dataplaneservice.js";
import { conditionsOf } from "./dataplaneservice-availability.js";
import type { GrafanaAggregator } from "./grafana-aggregator.js";
import type { BackendProbes } from "./http-backend/backend-probes.js";
import { pluginEvents } from "./plugin-events.js";

export interface AvailabilityControllerOptions {
  readonly client: ApiClient;
  /** Of DataPlaneServices; run by the caller. */
  readonly services: Informer<ApiObject>;
  readonly aggregator: Pick<GrafanaAggregator, "conflictOf" | "hasSynced" | "onChange">;
  readonly plugins: PluginSource;
  /** Services with a backend stay Unknown without it. */
  readonly backends?: Pick<BackendProbes, "stateOf" | "onChange">;
  /** Names this server in events. */
  readonly instance: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Writes `status.conditions` of each DataPlaneService when they change, and events of its plugin's life, until `signal` aborts. */
export interface AvailabilityController {
  run(signal: AbortSignal): Promise<void>;
}

export function dataPlaneServiceAvailabilityController(options: AvailabilityControllerOptions): AvailabilityController {
  const { client, services, aggregator, plugins, backends, clock, logger } = options;
  const controller = createController({
    name: "dataplaneservice-availability",
    clock,
    logger,
    async reconcile(name, signal) {
      const object = services.get(name);
      // Until all services are known, one that lost to an elder looks like the only one; and what it looks like would be believed.
      if (object === undefined || !aggregator.hasSynced) return undefined;
      const service = dataPlaneServiceFrom(object);
      const surroundings = { plugin: plugins.get(service.spec.pluginID), conflict: aggregator.conflictOf(name), backend: backends?.stateOf(service) };
      const conditions = conditionsOf(service, surroundings, clock.now());
      if (conditions !== service.conditions) await writeStatus(client, object, conditions, signal);
      return undefined;
    },
  });
  const enqueueAll = (): void => {
    for (const { metadata } of services.list()) controller.enqueue(metadata.name);
  };
  const events = pluginEvents(options);

  return {
    async run(signal) {
      const stops = [
        services.onChange(({ object }) => controller.enqueue(object.metadata.name)),
        aggregator.onChange(enqueueAll),
        backends?.onChange((name) => controller.enqueue(name)) ?? (() => undefined),
        plugins.onChange((pluginId) => {
          for (const object of services.list()) {
            if (dataPlaneServiceFrom(object).spec.pluginID === pluginId) controller.enqueue(object.metadata.name);
          }
          events.pluginChanged(pluginId, signal);
        }),
      ];
      await controller.run(signal);
      for (const stop of stops) stop();
    },
  };
}

async function writeStatus(client: ApiClient, object: ApiObject, conditions: readonly Condition[], signal: AbortSignal): Promise<void> {
  const { name, resourceVersion } = object.metadata;
  const list = conditions.map((condition): JsonObject => ({ ...condition }));
  // With the version that was judged: a change in between is judged again, not overwritten.
  const patch: JsonObject = { metadata: resourceVersion === undefined ? {} : { resourceVersion }, status: { conditions: list } };
  try {
    const ref = { name, subresource: "status" };
    await client.patch(dataPlaneServicesRef, ref, "application/merge-patch+json", patch, { fieldManager: "dataplane-availability" }, signal);
  } catch (thrown) {
    // Deleted or changed meanwhile: the watch brings it, and it is looked at again.
    if (!(thrown instanceof ApiError) || (thrown.reason !== "NotFound" && thrown.reason !== "Conflict")) throw thrown;
  }
}
