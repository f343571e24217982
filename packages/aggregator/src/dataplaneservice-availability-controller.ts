import type { ApiClient, Informer } from "@dataplane/client";
import { createClientset } from "@dataplane/clientset";
import { createController } from "@dataplane/controller";
import { ApiError, type ApiObject, type Clock, type Condition, type JsonObject, type Logger } from "@dataplane/meta";
import type { PluginProblem, PluginSource } from "@dataplane/plugin-host";
import { dataPlaneServiceFrom } from "./dataplaneservice.js";
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
  /** Plugins that are on disk and were not loaded; none when absent. */
  readonly problems?: () => readonly PluginProblem[];
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

/** The key that stands for all services whose routes were judged anew: routes change in bursts. */
const everything = "";
const burstMs = 20;

export function dataPlaneServiceAvailabilityController(options: AvailabilityControllerOptions): AvailabilityController {
  const { client, services, aggregator, plugins, backends, clock, logger } = options;
  const events = pluginEvents(options);
  /** What each service was judged by: undefined unless it lost its routes. */
  const conflicts = new Map<string, string | undefined>();
  const conflictOf = (name: string): string | undefined => {
    const conflict = aggregator.conflictOf(name);
    return conflict === undefined ? undefined : `${conflict.reason} ${conflict.message}`;
  };
  const controller = createController({
    name: "dataplaneservice-availability",
    clock,
    logger,
    async reconcile(name, signal) {
      if (name === everything) enqueueJudgedOtherwise();
      const object = services.get(name);
      if (object === undefined) conflicts.delete(name);
      // Until all services are known, one that lost to an elder looks like the only one; and what it looks like would be believed.
      if (object === undefined || !aggregator.hasSynced) return undefined;
      conflicts.set(name, conflictOf(name));
      const service = dataPlaneServiceFrom(object);
      const { pluginID } = service.spec;
      const surroundings = {
        plugin: plugins.get(pluginID),
        conflict: aggregator.conflictOf(name),
        backend: backends?.stateOf(service),
        problem: options.problems?.().find(({ pluginId }) => pluginId === pluginID),
      };
      const conditions = conditionsOf(service, surroundings, clock.now());
      if (conditions === service.conditions) return undefined;
      if (await writeStatus(client, object, conditions, signal)) events.serviceJudged(object, service, signal);
      return undefined;
    },
  });
  const enqueueAll = (): void => {
    for (const { metadata } of services.list()) controller.enqueue(metadata.name);
  };

  const enqueueJudgedOtherwise = (): void => {
    for (const { metadata } of services.list()) {
      const { name } = metadata;
      if (!conflicts.has(name) || conflicts.get(name) !== conflictOf(name)) controller.enqueue(name);
    }
  };

  return {
    async run(signal) {
      const stops = [
        services.onChange(({ object }) => controller.enqueue(object.metadata.name)),
        aggregator.onChange(() => controller.enqueueAfter(everything, burstMs)),
        backends?.onChange((name) => controller.enqueue(name)) ?? (() => undefined),
        plugins.onChange((pluginId) => {
          for (const object of services.list()) {
            if (dataPlaneServiceFrom(object).spec.pluginID === pluginId) controller.enqueue(object.metadata.name);
          }
          events.pluginChanged(pluginId, signal);
        }),
      ];
      // It may begin when all are known, as where another server judged them before.
      enqueueAll();
      await controller.run(signal);
      for (const stop of stops) stop();
    },
  };
}

/** False when the object was deleted or changed meanwhile: the watch brings it, and it is looked at again. */
async function writeStatus(client: ApiClient, object: ApiObject, conditions: readonly Condition[], signal: AbortSignal): Promise<boolean> {
  const { name, resourceVersion } = object.metadata;
  const list = conditions.map((condition): JsonObject => ({ ...condition }));
  // With the version that was judged: a change in between is judged again, not overwritten.
  const patch: JsonObject = { metadata: resourceVersion === undefined ? {} : { resourceVersion }, status: { conditions: list } };
  try {
    const ref = { name, subresource: "status" };
    await createClientset(client).dataPlaneServices.patch(
      ref,
      "application/merge-patch+json",
      patch,
      { fieldManager: "dataplane-availability" },
      signal,
    );
    return true;
  } catch (thrown) {
    if (thrown instanceof ApiError && (thrown.reason === "NotFound" || thrown.reason === "Conflict")) return false;
    throw thrown;
  }
}
