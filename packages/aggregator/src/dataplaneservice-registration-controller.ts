import type { ApiClient, Informer } from "@dataplane/client";
import { createClientset } from "@dataplane/clientset";
import { createController } from "@dataplane/controller";
import { type ApiObject, type Clock, type Logger, tolerating } from "@dataplane/meta";
import { aggregationGroup, dataPlaneServiceFrom } from "./dataplaneservice.js";
import type { GrafanaAggregator } from "./grafana-aggregator.js";

export interface RegistrationControllerOptions {
  readonly client: ApiClient;
  /** Of DataPlaneServices; run by the caller. It only says which to look at. */
  readonly services: Informer<ApiObject>;
  readonly aggregator: GrafanaAggregator;
  /** What else the routes are made of; they count as known when this has resolved too. */
  readonly alsoSynced?: Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Keeps the aggregator's routes equal to the stored DataPlaneServices, until `signal` aborts. */
export interface RegistrationController {
  run(signal: AbortSignal): Promise<void>;
}

export function dataPlaneServiceRegistrationController(options: RegistrationControllerOptions): RegistrationController {
  const { client, services, aggregator, clock, logger } = options;
  const stored = createClientset(client).dataPlaneServices;
  const controller = createController({
    name: "dataplaneservice-registration",
    // One at a time, and each by a read of its own: an old look at the world never undoes a newer one.
    concurrency: 1,
    clock,
    logger,
    async reconcile(name, signal) {
      const object = await tolerating(stored.get({ name }, signal), "NotFound");
      if (object === undefined || object.metadata.deletionTimestamp !== undefined) aggregator.withdraw(name);
      else aggregator.serve(dataPlaneServiceFrom(object));
      return undefined;
    },
  });

  /** All that are stored or served, or the one that was written. */
  const affected = async (name: string): Promise<readonly string[]> => {
    if (name !== "") return [name];
    const { items } = await stored.list();
    return [...new Set([...items.map(({ metadata }) => metadata.name), ...aggregator.names])];
  };

  return {
    async run(signal) {
      services.onChange(({ object }) => controller.enqueue(object.metadata.name));
      const running = controller.run(signal);
      // Before the first sync every answer waits for all services anyway.
      const stopListening = aggregator.onWrite(async ({ group, resource, subresource, name }) => {
        if (!aggregator.hasSynced || group !== aggregationGroup || resource !== stored.resource.resource || subresource !== "") return;
        for (const key of await affected(name)) controller.enqueue(key);
        await controller.drained();
      });
      await Promise.race([services.synced, running]);
      for (const { metadata } of services.list()) controller.enqueue(metadata.name);
      await controller.drained();
      await Promise.race([options.alsoSynced, running]);
      if (!signal.aborted) aggregator.markSynced();
      await running;
      stopListening();
    },
  };
}
