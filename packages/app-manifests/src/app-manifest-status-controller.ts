import { appManifestsRef } from "@dataplane/aggregator";
import { type ApiClient, createInformer, type Informer } from "@dataplane/client";
import { createController } from "@dataplane/controller";
import { type ApiObject, type Clock, type JsonObject, type Logger, tolerating } from "@dataplane/meta";
import { conditionsIn, manifestConditions } from "./app-manifest-status.js";

export interface AppManifestStatusControllerOptions {
  readonly client: ApiClient;
  /** Of DataPlaneServices; run by the caller. */
  readonly services: Informer<ApiObject>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Writes `status.conditions` of each AppManifest when they change, until `signal` aborts. */
export interface AppManifestStatusController {
  run(signal: AbortSignal): Promise<void>;
}

export function appManifestStatusController({ client, services, clock, logger }: AppManifestStatusControllerOptions): AppManifestStatusController {
  const manifests = createInformer<ApiObject>({ client, resource: appManifestsRef, clock, logger });
  const controller = createController({
    name: "appmanifest-status",
    clock,
    logger,
    async reconcile(name, signal) {
      const manifest = manifests.get(name);
      // Until all are known, one that lost to an elder looks like the only one.
      if (manifest === undefined || !manifests.hasSynced || !services.hasSynced) return undefined;
      const conditions = manifestConditions(manifest, { manifests: manifests.list(), services: services.list() }, clock.now());
      if (conditions !== conditionsIn(manifest))
        await writeStatus(client, manifest, { conditions: conditions.map((it): JsonObject => ({ ...it })) }, signal);
      return undefined;
    },
  });
  // Each depends on all others.
  const lookAtAll = (): void => {
    for (const { metadata } of manifests.list()) controller.enqueue(metadata.name);
  };
  return {
    async run(signal) {
      const stops = [manifests.onChange(lookAtAll), services.onChange(lookAtAll)];
      void Promise.all([manifests.synced, services.synced]).then(lookAtAll);
      await Promise.all([manifests.run(signal), controller.run(signal)]);
      for (const stop of stops) stop();
    },
  };
}

async function writeStatus(client: ApiClient, { metadata }: ApiObject, status: JsonObject, signal: AbortSignal): Promise<void> {
  const { name, resourceVersion, generation } = metadata;
  // With the version that was judged: a change in between is judged again, not overwritten.
  const patch: JsonObject = {
    metadata: resourceVersion === undefined ? {} : { resourceVersion },
    status: { ...status, ...(generation === undefined ? {} : { observedGeneration: generation }) },
  };
  const ref = { name, subresource: "status" };
  const written = client.patch(appManifestsRef, ref, "application/merge-patch+json", patch, { fieldManager: "appmanifest-status" }, signal);
  // Deleted or changed meanwhile: the watch brings it, and it is looked at again.
  await tolerating(written, "NotFound", "Conflict");
}
