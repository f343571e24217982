import { isDeepStrictEqual } from "node:util";
import { type ApiSource, isKubernetesOwn, servedPriority } from "@dataplane/apiserver";
import type { ApiClient, Informer } from "@dataplane/client";
import { type Again, createController } from "@dataplane/controller";
import { type ApiObject, apiVersionOf, type Clock, type GroupVersion, type JsonObject, type Logger, tolerating } from "@dataplane/meta";
import { apiServicesRef, automanagedLabel } from "./apiservice.js";

/** As in the spec of an APIService. */
export interface GroupServer {
  readonly service: { readonly namespace: string; readonly name: string; readonly port: number };
  /** PEM in base64. */
  readonly caBundle: string;
}

export interface AutoregisterOptions {
  readonly client: ApiClient;
  /** Of APIServices; run by the caller. */
  readonly services: Informer<ApiObject>;
  /** Whose groups and versions are local. */
  readonly sources: readonly ApiSource[];
  /** False while sources may still lack what they will serve, as at start: nothing is removed then. True unless told. */
  readonly sourcesAreComplete?: () => boolean;
  /** Who serves the sources' groups, where that is another server; this server itself unless told. */
  readonly servedBy?: { readonly source: ApiSource; readonly server: GroupServer };
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
const lookAgainMs = 500;
/** The key that stands for whatever is served: it comes and goes in bursts. */
const everything = "";
const burstMs = 20;

export function autoregisterController(options: AutoregisterOptions): AutoregisterController {
  const { client, services, sources, sourcesAreComplete = () => true, servedBy, clock, logger } = options;

  let known: { readonly generations: string; readonly ones: ReadonlyMap<string, GroupVersion> } | undefined;
  const localOnes = (): ReadonlyMap<string, GroupVersion> => {
    const generations = sources.map(({ generation }) => generation).join();
    if (known?.generations !== generations) known = { generations, ones: servedBySources(sources) };
    return known.ones;
  };

  /** The core group and APIServices themselves are never anybody else's. */
  const serverOf = ({ group, version }: GroupVersion): GroupServer | undefined =>
    group !== "" && group !== apiServicesRef.group && servedBy?.source.served().some((it) => it.group === group && it.version === version) === true
      ? servedBy.server
      : undefined;

  const keep = async (wanted: ApiObject, stored: ApiObject | undefined, signal: AbortSignal): Promise<undefined> => {
    if (stored === undefined) await tolerating(client.create(apiServicesRef, wanted, writer, signal), "AlreadyExists");
    else if (isAutomanaged(stored) && !isAsWanted(stored, wanted)) await tolerating(restore(stored, wanted, signal), "Conflict");
  };

  const restore = ({ metadata }: ApiObject, wanted: ApiObject, signal: AbortSignal): Promise<unknown> =>
    client.update(apiServicesRef, { name: metadata.name }, { ...wanted, metadata: withMark(metadata, markOf(wanted)) }, writer, signal);

  /** Only our own: a user's APIService for a group that is gone is the user's. */
  const drop = async (stored: ApiObject, signal: AbortSignal): Promise<Again | undefined> => {
    if (!isAutomanaged(stored)) return undefined;
    if (!sourcesAreComplete()) return { afterMs: lookAgainMs };
    await tolerating(client.delete(apiServicesRef, { name: stored.metadata.name }, signal), "NotFound");
    return undefined;
  };

  const controller = createController({
    name: "apiservice-autoregister",
    clock,
    logger,
    reconcile(name, signal) {
      if (name === everything) {
        enqueueChanged();
        return Promise.resolve(undefined);
      }
      const local = localOnes().get(name);
      const stored = services.get(name);
      if (local !== undefined) return keep(apiServiceOf(local, serverOf(local)), stored, signal);
      return stored === undefined ? Promise.resolve(undefined) : drop(stored, signal);
    },
  });

  const enqueueAll = (): void => {
    for (const name of localOnes().keys()) controller.enqueue(name);
    for (const stored of services.list()) if (isAutomanaged(stored)) controller.enqueue(stored.metadata.name);
  };

  /** What came and what went; a stored one that was changed is looked at by itself. */
  const enqueueChanged = (): void => {
    for (const name of localOnes().keys()) if (servedBy !== undefined || services.get(name) === undefined) controller.enqueue(name);
    for (const { metadata } of services.list().filter(isAutomanaged)) if (!localOnes().has(metadata.name)) controller.enqueue(metadata.name);
  };

  return {
    changed: () => controller.enqueueAfter(everything, burstMs),
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

const servedBySources = (sources: readonly ApiSource[]): ReadonlyMap<string, GroupVersion> =>
  new Map(sources.flatMap((source) => source.served().map(({ group, version }) => [nameOf({ group, version }), { group, version }])));

const markOf = ({ metadata }: ApiObject): string | undefined => metadata.labels?.[automanagedLabel];

const isAutomanaged = (object: ApiObject): boolean => markOf(object) !== undefined;

const isAsWanted = (stored: ApiObject, wanted: ApiObject): boolean =>
  markOf(stored) === markOf(wanted) && isDeepStrictEqual(stored["spec"], wanted["spec"]);

const withMark = (metadata: ApiObject["metadata"], mark = "true"): ApiObject["metadata"] => ({
  ...metadata,
  labels: { ...metadata.labels, [automanagedLabel]: mark },
});

/** `<version>.<group>`; `v1.` for the core group. */
const nameOf = ({ group, version }: GroupVersion): string => `${version}.${group}`;

function apiServiceOf({ group, version }: GroupVersion, server: GroupServer | undefined): ApiObject {
  const priority = servedPriority({ group, version });
  const spec: JsonObject = {
    group,
    version,
    groupPriorityMinimum: priority.group,
    versionPriority: priority.version,
    ...(server === undefined ? {} : { service: { ...server.service }, caBundle: server.caBundle }),
  };
  return {
    apiVersion: apiVersionOf(apiServicesRef),
    kind: "APIService",
    // As kube-aggregator tells them apart: what a server has from its start, and what comes and goes.
    metadata: withMark({ name: nameOf({ group, version }) }, isKubernetesOwn({ group, version }) ? "onstart" : "true"),
    spec,
  };
}
