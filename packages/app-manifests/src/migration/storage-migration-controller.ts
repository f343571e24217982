import { appManifestsRef } from "@dataplane/aggregator";
import type { ResourceRegistry } from "@dataplane/apiserver";
import { type ApiClient, createInformer, type ResourceRef } from "@dataplane/client";
import { type Again, createController } from "@dataplane/controller";
import { ApiError, type ApiObject, type Clock, isJsonObject, type JsonObject, type Logger } from "@dataplane/meta";
import { type ManifestSpec, manifestSpecFrom } from "../app-manifest-spec.js";
import { storageVersionOf } from "../kinds/kind-definition.js";
import { writeStatusPart } from "../write-status.js";
import { RewriteFailure, rewriteObjects } from "./rewrite-objects.js";

export interface StorageMigrationOptions {
  readonly client: ApiClient;
  /** Says which version of a kind is stored now. */
  readonly registry: Pick<ResourceRegistry, "get" | "onChange">;
  /** Until a migration that failed is tried again; 10 s unless told. */
  readonly retryMs?: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Writes stored objects of a manifest's kinds anew when the version that is stored changes, until `signal` aborts. The condition
 * StorageMigrated says how far that is, and `status.storedVersion` when it is done: a server that ends meanwhile begins anew, and writes
 * only what is left.
 */
export interface StorageMigrationController {
  run(signal: AbortSignal): Promise<void>;
}

const fieldManager = "storage-migration";

export function storageMigrationController(options: StorageMigrationOptions): StorageMigrationController {
  const { client, registry, retryMs = 10_000, clock, logger } = options;
  const manifests = createInformer<ApiObject>({ client, resource: appManifestsRef, clock, logger });

  const say = (manifest: ApiObject, verdict: Verdict, fields: JsonObject, signal: AbortSignal): Promise<void> =>
    writeStatusPart(client, manifest, { condition: { type: "StorageMigrated", ...verdict }, fields, fieldManager, now: clock.now() }, signal);

  const migrate = async (
    manifest: ApiObject,
    resources: readonly ResourceRef[],
    version: string,
    signal: AbortSignal,
  ): Promise<Again | undefined> => {
    try {
      let count = 0;
      for (const resource of resources) count += await rewriteObjects(client, resource, signal);
      logger.info({ manifest: manifest.metadata.name, version, objects: count }, "all objects of the app are stored in its preferred version");
      const message = `all objects are stored as ${version}`;
      await say(manifest, { status: "True", reason: "Migrated", message }, { storedVersion: version }, signal);
      return undefined;
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      await say(manifest, { status: "False", ...wordsOf(thrown) }, {}, signal);
      return { afterMs: retryMs };
    }
  };

  const controller = createController({
    name: "storage-migration",
    clock,
    logger,
    async reconcile(name, signal) {
      const manifest = manifests.get(name);
      if (manifest === undefined || manifest.metadata.deletionTimestamp !== undefined) return undefined;
      const spec = manifestSpecFrom(manifest);
      const version = storageVersionOf(spec);
      if (version === "" || storedVersionIn(manifest) === version) return undefined;
      const resources = resourcesStoredAs(spec, version, registry);
      // Comes again when the kinds are served so.
      return resources === undefined ? undefined : migrate(manifest, resources, version, signal);
    },
  });
  const lookAtAll = (): void => {
    for (const { metadata } of manifests.list()) controller.enqueue(metadata.name);
  };
  return {
    async run(signal) {
      const stops = [manifests.onChange(({ object }) => controller.enqueue(object.metadata.name)), registry.onChange(lookAtAll)];
      await Promise.all([manifests.run(signal), controller.run(signal)]);
      for (const stop of stops) stop();
    },
  };
}

interface Verdict {
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
}

const wordsOf = (thrown: unknown): Pick<Verdict, "reason" | "message"> => {
  if (thrown instanceof RewriteFailure) return { reason: "ObjectNotMigrated", message: thrown.message };
  const { reason, message } = ApiError.from(thrown);
  return { reason, message };
};

function storedVersionIn({ status }: ApiObject): string {
  const version = isJsonObject(status) ? status["storedVersion"] : undefined;
  return typeof version === "string" ? version : "";
}

/** The kinds of the manifest, each in the version that is stored; undefined while one of them is not served so. */
function resourcesStoredAs(
  { group, versions }: ManifestSpec,
  version: string,
  registry: Pick<ResourceRegistry, "get">,
): readonly ResourceRef[] | undefined {
  const kinds = versions.find(({ name }) => name === version)?.kinds ?? [];
  const refs: ResourceRef[] = [];
  for (const { plural } of kinds) {
    const definition = registry.get(group, version, plural);
    if (definition?.versioned?.storageVersion !== version) return undefined;
    refs.push({ group, version, resource: plural, namespaced: definition.scope === "namespaced" });
  }
  return refs;
}
