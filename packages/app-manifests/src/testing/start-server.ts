import { randomUUID } from "node:crypto";
import {
  addBuiltinResources,
  createApiServer,
  createRegistry,
  type ResourceDefinition,
  type ResourceRegistry,
  recoverPanics,
  resolveRequestInfo,
  withFilters,
} from "@dataplane/apiserver";
import { type ApiClient, createApiClient, type ResourceRef } from "@dataplane/client";
import { type ApiObject, controlPlaneUser, isJsonObject, type JsonObject, silentLogger, systemClock } from "@dataplane/meta";
import { createMemoryStore, type Store } from "@dataplane/storage";
import { appManifests } from "../app-manifest.js";
import { conditionsIn } from "../app-manifest-status.js";

export interface TestServer extends AsyncDisposable {
  readonly client: ApiClient;
  readonly registry: ResourceRegistry;
  readonly store: Store;
  /** Runs it until the server ends. */
  start(part: { run(signal: AbortSignal): Promise<void> }): void;
  /** A condition of a manifest, as `status reason: message`; "" while there is none. */
  condition(name: string, type: string): Promise<string>;
}

export const manifestsRef: ResourceRef = { group: "apps.grafana.app", version: "v1alpha2", resource: "appmanifests", namespaced: false };

/** An API server with AppManifests and more kinds, on a store in memory, with the namespace `default`. */
export async function startServer(definitions: readonly ResourceDefinition[] = []): Promise<TestServer> {
  const store = createMemoryStore();
  const registry = createRegistry();
  addBuiltinResources(registry);
  for (const definition of [...appManifests, ...definitions]) registry.add(definition);
  const version = { gitVersion: "v1.32.0", major: "1", minor: "32" };
  const common = { clock: systemClock, logger: silentLogger };
  const server = createApiServer({ ...common, store, registry, sources: [], newUid: randomUUID, version });
  const handler = withFilters([recoverPanics(silentLogger), resolveRequestInfo], server.handler);
  const client = createApiClient({ handler, user: controlPlaneUser });
  const stop = new AbortController();
  const running: Promise<void>[] = [];
  await server.start(stop.signal);
  const namespaces: ResourceRef = { group: "", version: "v1", resource: "namespaces", namespaced: false };
  await client.create<ApiObject>(namespaces, { apiVersion: "v1", kind: "Namespace", metadata: { name: "default" } });
  return {
    client,
    registry,
    store,
    start: (part) => void running.push(part.run(stop.signal)),
    async condition(name, type) {
      const found = conditionsIn(await client.get(manifestsRef, { name })).find((it) => it.type === type);
      return found === undefined ? "" : `${found.status} ${found.reason}: ${found.message}`;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(running);
      await store.close();
    },
  };
}

export const aManifest = (name: string, spec: JsonObject, metadata: JsonObject = {}): ApiObject => {
  const object = { apiVersion: "apps.grafana.app/v1alpha2", kind: "AppManifest", metadata: { ...metadata, name }, spec };
  return { ...object, metadata: isJsonObject(object.metadata) ? { ...object.metadata, name } : { name } };
};
