import type { ApiSource } from "@dataplane/apiserver";
import type { ApiClient, Informer } from "@dataplane/client";
import { createController } from "@dataplane/controller";
import { ApiError, type ApiObject, apiVersionOf, type Clock, type GroupVersion, type Logger } from "@dataplane/meta";
import { apiServiceFrom, apiServicesRef, automanagedLabel } from "./apiservice.js";

export interface AutoregisterOptions {
  readonly client: ApiClient;
  /** Of APIServices; run by the caller. */
  readonly services: Informer<ApiObject>;
  /** Whose groups and versions are local. */
  readonly sources: readonly ApiSource[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Keeps one APIService for each group and version that is served here, until `signal` aborts. */
export interface AutoregisterController {
  run(signal: AbortSignal): Promise<void>;
  /** The sources have changed. */
  changed(): void;
}

const writer = { fieldManager: "kube-aggregator" };

export function autoregisterController({ client, services, sources, clock, logger }: AutoregisterOptions): AutoregisterController {
  const localOnes = (): ReadonlyMap<string, GroupVersion> =>
    new Map(sources.flatMap((source) => source.served().map(({ group, version }) => [nameOf({ group, version }), { group, version }] as const)));

  const controller = createController({
    name: "apiservice-autoregister",
    clock,
    logger,
    async reconcile(name, signal) {
      const local = localOnes().get(name);
      const stored = services.get(name);
      if (local !== undefined && stored === undefined)
        await tolerating("AlreadyExists", client.create(apiServicesRef, localApiService(local), writer, signal));
      // Only our own: a user's APIService for a group that is gone is the user's.
      if (local === undefined && stored !== undefined && isAutomanaged(stored))
        await tolerating("NotFound", client.delete(apiServicesRef, { name }, signal));
      return undefined;
    },
  });

  const enqueueAll = (): void => {
    for (const name of localOnes().keys()) controller.enqueue(name);
    for (const stored of services.list()) if (isAutomanaged(stored)) controller.enqueue(stored.metadata.name);
  };

  return {
    changed: enqueueAll,
    async run(signal) {
      const stop = services.onChange(({ object }) => controller.enqueue(object.metadata.name));
      const running = controller.run(signal);
      await Promise.race([services.synced, running]);
      enqueueAll();
      await running;
      stop();
    },
  };
}

const isAutomanaged = (object: ApiObject): boolean => automanagedLabel in apiServiceFrom(object).labels;

/** `<version>.<group>`; `v1.` for the core group. */
const nameOf = ({ group, version }: GroupVersion): string => `${version}.${group}`;

function localApiService({ group, version }: GroupVersion): ApiObject {
  return {
    apiVersion: apiVersionOf(apiServicesRef),
    kind: "APIService",
    metadata: { name: nameOf({ group, version }), labels: { [automanagedLabel]: "true" } },
    spec: { group, version, groupPriorityMinimum: group === "" ? 18_000 : 1_000, versionPriority: /alpha|beta/.test(version) ? 9 : 15 },
  };
}

async function tolerating(reason: string, writing: Promise<unknown>): Promise<void> {
  try {
    await writing;
  } catch (thrown) {
    if (!(thrown instanceof ApiError) || thrown.reason !== reason) throw thrown;
  }
}
