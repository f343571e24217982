import { randomUUID } from "node:crypto";
import {
  type ApiSource,
  addBuiltinResources,
  createApiServer,
  createRegistry,
  filterChain,
  type ResourceRegistry,
  type ServedGroupVersion,
  withFilters,
} from "@dataplane/apiserver";
import { fixedRoles } from "@dataplane/apiserver/testing";
import { type ApiClient, createApiClient, createInformer, type Informer } from "@dataplane/client";
import { type ApiObject, controlPlaneUser, type Handler, type JsonObject, silentLogger, systemClock } from "@dataplane/meta";
import { createMemoryStore } from "@dataplane/storage";
import { vi } from "vitest";
import { apiServices, apiServicesRef } from "../apiservice.js";
import { autoregisterController } from "../autoregister-controller.js";
import { type ApiServiceAvailabilityController, apiServiceAvailabilityController } from "../availability-controller.js";
import { RemoteGroups } from "../discovery/remote-groups.js";
import { createKubeAggregator, type KubeAggregator } from "../kube-aggregator.js";
import { RemoteFailure, type RemoteTransport } from "../remote/remote-transport.js";

/** A source whose groups and versions may be changed. */
export interface ChangingSource extends ApiSource {
  set(...groupVersions: readonly string[]): void;
}

export interface TestKubeAggregator extends AsyncDisposable {
  readonly client: ApiClient;
  /** All filters, the KubeAggregator, the API server. */
  readonly handler: Handler;
  readonly aggregator: KubeAggregator;
  readonly registry: ResourceRegistry;
  readonly services: Informer<ApiObject>;
  readonly extra: ChangingSource;
  readonly remoteGroups: RemoteGroups;
  readonly availability: ApiServiceAvailabilityController;
  /** False while the sources are said to be incomplete. */
  isComplete: boolean;
  get(name: string): Promise<ApiObject>;
}

const unreachable = (): Promise<never> => Promise.reject(new RemoteFailure("ServiceNotFound", 'service/metrics in "backends" is not present'));

/** There is no server behind. */
const nowhere: RemoteTransport = { request: unreachable, upgrade: unreachable, close: () => Promise.resolve() };

/** The KubeAggregator before an API server over a store in memory, with its controllers at work. */
export async function startKubeAggregator({
  isComplete = true,
  stored = [] as readonly ApiObject[],
  transport = nowhere,
  /** Of the probes. */
  clock = systemClock,
} = {}): Promise<TestKubeAggregator> {
  const registry = createRegistry();
  addBuiltinResources(registry);
  registry.add(apiServices);
  const store = createMemoryStore();
  const version = { gitVersion: "v1.32.0", major: "1", minor: "32" };
  const parts = { clock: systemClock, logger: silentLogger };
  const server = createApiServer({ store, registry, sources: [], newUid: randomUUID, version, ...parts });
  const chain: { complete?: Handler } = {};
  const handler: Handler = (request) => (chain.complete ?? server.handler)(request);
  const client = createApiClient({ handler, user: controlPlaneUser });
  const services = createInformer<ApiObject>({ client, resource: apiServicesRef, ...parts });
  const aggregator = createKubeAggregator({ delegate: server.handler, services, transport });
  const authenticator = { authenticate: () => Promise.resolve(undefined) };
  chain.complete = withFilters(
    filterChain({ authenticator, authorizer: fixedRoles(), logger: silentLogger, newUid: randomUUID }),
    aggregator.handler,
  );
  const stop = new AbortController();
  await server.start(stop.signal);
  for (const object of stored) await client.create(apiServicesRef, object);
  const extra = changingSource(() => autoregister.changed());
  const test = { isComplete };
  const autoregister = autoregisterController({ client, services, sources: [registry, extra], sourcesAreComplete: () => test.isComplete, ...parts });
  const remoteGroups = new RemoteGroups();
  const availability = apiServiceAvailabilityController({ client, services, transport, remoteGroups, ...parts, clock });
  const running = [autoregister.run(stop.signal), availability.run(stop.signal), services.run(stop.signal)];
  return Object.assign(test, {
    client,
    handler,
    aggregator,
    registry,
    services,
    extra,
    remoteGroups,
    availability,
    get: (name: string) => client.get<ApiObject>(apiServicesRef, { name }),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(running);
      await store.close();
    },
  });
}

function changingSource(changed: () => void): ChangingSource {
  let generation = 0;
  let groups: readonly ServedGroupVersion[] = [];
  return {
    served: () => groups,
    get generation() {
      return generation;
    },
    set(...groupVersions) {
      generation += 1;
      groups = groupVersions.map((groupVersion) => {
        const [group = "", version = ""] = groupVersion.split("/");
        return { group, version, resources: [], openapi: { paths: {}, schemas: {} }, freshness: "Current" };
      });
      changed();
    },
  };
}

/** An APIService as a client would send it; local unless a service is told. */
export function anApiService(name: string, spec: JsonObject = {}): ApiObject {
  const [version = "", ...group] = name.split(".");
  return {
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name },
    spec: { group: group.join("."), version, groupPriorityMinimum: 100, versionPriority: 10, ...spec },
  };
}

export const aRemote = { service: { namespace: "backends", name: "metrics", port: 443 }, insecureSkipTLSVerify: true };

/** Resolves when `check` does; its last failure is thrown when it does not within 5 s. */
export const eventually = <T>(check: () => T | Promise<T>): Promise<T> => vi.waitFor(check, { timeout: 15_000, interval: 10 });
