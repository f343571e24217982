import { type ApiClient, createInformer, type ResourceRef } from "@dataplane/client";
import { createController } from "@dataplane/controller";
import { ApiError, type ApiObject, type Clock, type Logger } from "@dataplane/meta";
import type { GrafanaAggregator } from "../grafana-aggregator.js";
import type { ManifestRouteTable } from "./manifest-route-table.js";

/** AppManifests, as a client names them. */
export const appManifestsRef: ResourceRef = { group: "apps.grafana.app", version: "v1alpha2", resource: "appmanifests", namespaced: false };

export interface ManifestRoutesControllerOptions {
  readonly client: ApiClient;
  /** The one that the aggregator reads. */
  readonly table: ManifestRouteTable;
  readonly aggregator: Pick<GrafanaAggregator, "rebuild" | "onWrite">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Keeps the routes of manifests true to the stored AppManifests, until `signal` aborts. */
export interface ManifestRoutesController {
  run(signal: AbortSignal): Promise<void>;
  /** Resolves when the manifests were read once. */
  readonly synced: Promise<void>;
}

export function manifestRoutesController({ client, table, aggregator, clock, logger }: ManifestRoutesControllerOptions): ManifestRoutesController {
  let markSynced = (): void => undefined;
  const synced = new Promise<void>((resolve) => {
    markSynced = resolve;
  });
  const controller = createController({
    name: "manifest-routes",
    // A read of all of them: an old look at the world never undoes a newer one.
    concurrency: 1,
    clock,
    logger,
    async reconcile(_key, signal) {
      if (table.replace(await listed(client, signal))) aggregator.rebuild();
      markSynced();
      return undefined;
    },
  });
  const lookAgain = (): void => controller.enqueue("all");
  return {
    synced,
    async run(signal) {
      const manifests = createInformer<ApiObject>({ client, resource: appManifestsRef, clock, logger });
      manifests.onChange(lookAgain);
      const stopListening = aggregator.onWrite(async ({ group, resource, subresource }) => {
        if (group !== appManifestsRef.group || resource !== appManifestsRef.resource || subresource !== "") return;
        lookAgain();
        await controller.drained();
      });
      lookAgain();
      await Promise.all([manifests.run(signal), controller.run(signal)]);
      stopListening();
    },
  };
}

/** Where manifests are not served there are none. */
async function listed(client: ApiClient, signal: AbortSignal): Promise<readonly ApiObject[]> {
  try {
    return (await client.list(appManifestsRef, {}, signal)).items;
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.reason === "NotFound") return [];
    throw thrown;
  }
}
