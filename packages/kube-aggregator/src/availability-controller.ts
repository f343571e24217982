import type { ApiClient, Informer } from "@dataplane/client";
import { createController } from "@dataplane/controller";
import { type ApiObject, type Clock, type Condition, type JsonObject, type Logger, setCondition, tolerating } from "@dataplane/meta";
import { type ApiService, apiServiceFrom, apiServicesRef } from "./apiservice.js";

export interface AvailabilityOptions {
  readonly client: ApiClient;
  /** Of APIServices; run by the caller. */
  readonly services: Informer<ApiObject>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Keeps the Available condition of each APIService true to the facts, until `signal` aborts. */
export function apiServiceAvailabilityController({ client, services, clock, logger }: AvailabilityOptions): {
  run(signal: AbortSignal): Promise<void>;
} {
  const controller = createController({
    name: "apiservice-availability",
    clock,
    logger,
    async reconcile(name, signal) {
      const object = services.get(name);
      if (object === undefined) return undefined;
      const service = apiServiceFrom(object);
      const wanted = availabilityOf(service);
      const stands = service.conditions.find(({ type }) => type === "Available");
      if (stands?.status === wanted.status && stands.reason === wanted.reason && stands.message === wanted.message) return undefined;
      await writeCondition(client, object, setCondition(service.conditions, wanted, clock.now()), signal);
      return undefined;
    },
  });
  return {
    async run(signal) {
      const stop = services.onChange(({ object }) => controller.enqueue(object.metadata.name));
      for (const { metadata } of services.list()) controller.enqueue(metadata.name);
      await controller.run(signal);
      stop();
    },
  };
}

/** Reasons are kube-aggregator's. */
function availabilityOf({ service }: ApiService): Omit<Condition, "lastTransitionTime"> {
  if (service === undefined) return { type: "Available", status: "True", reason: "Local", message: "Local APIServices are always available" };
  const message = `service/${service.name} in ${JSON.stringify(service.namespace)} cannot be reached: this server does not proxy to remote API servers`;
  return { type: "Available", status: "False", reason: "ServiceNotFound", message };
}

async function writeCondition(client: ApiClient, object: ApiObject, conditions: readonly Condition[], signal: AbortSignal): Promise<void> {
  const { name, resourceVersion } = object.metadata;
  const patch: JsonObject = {
    metadata: resourceVersion === undefined ? {} : { resourceVersion },
    status: { conditions: conditions.map((it): JsonObject => ({ ...it })) },
  };
  const ref = { name, subresource: "status" };
  const written = client.patch(apiServicesRef, ref, "application/merge-patch+json", patch, { fieldManager: "apiservice-availability" }, signal);
  // Changed or gone meanwhile: the watch brings it, and it is looked at again.
  await tolerating(written, "NotFound", "Conflict");
}
