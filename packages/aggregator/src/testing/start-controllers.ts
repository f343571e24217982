import { type ApiClient, createApiClient, createInformer } from "@dataplane/client";
import { dataPlaneServicesRef } from "@dataplane/clientset";
import { type ApiObject, controlPlaneUser, isJsonObject, silentLogger, systemClock } from "@dataplane/meta";
import type { Plugin } from "@dataplane/plugin-host";
import { dataPlaneServiceFrom } from "../dataplaneservice.js";
import { dataPlaneServiceAvailabilityController } from "../dataplaneservice-availability-controller.js";
import { dataPlaneServiceRegistrationController } from "../dataplaneservice-registration-controller.js";
import { createBackendProbes } from "../http-backend/backend-probes.js";
import { managedDataPlaneServicesController } from "../managed-services-controller.js";
import { defaultOutbound, type Outbound } from "../outbound/outbound.js";
import { registryResources } from "../registry-resources.js";
import { startAggregator, type TestAggregator } from "./start-aggregator.js";
import { createTestApi, namespacesRef, throughFilters } from "./start-api.js";

/** The aggregator in front of the API server, with its controllers at work. */
export interface TestControllers extends TestAggregator, AsyncDisposable {
  /** Past the aggregator, as another server would write. */
  readonly elsewhere: ApiClient;
  /** Through the filters and the aggregator, as clients do. */
  readonly client: ApiClient;
  /** Waits until `read` gives something, at most a second. */
  readonly until: <T>(read: () => T | undefined | Promise<T | undefined>) => Promise<T>;
  readonly condition: (name: string, type: string) => Promise<{ readonly status: string; readonly reason: string } | undefined>;
}

export interface StartControllersOptions {
  readonly plugins?: readonly Plugin[];
  readonly managed?: boolean;
  /** What an earlier server left in the store, status included, in the order of its making. */
  readonly stored?: readonly ApiObject[];
  readonly outbound?: Outbound;
}

export async function startControllers(options: StartControllersOptions = {}): Promise<TestControllers> {
  const stop = new AbortController();
  const { server, registry } = createTestApi();
  await server.start(stop.signal);
  const test = startAggregator({
    plugins: options.plugins ?? [],
    synced: false,
    delegate: server.handler,
    stored: registryResources(registry, () => false),
    ...(options.outbound === undefined ? {} : { outbound: options.outbound }),
  });
  const elsewhere = createApiClient({ handler: throughFilters(server.handler), user: controlPlaneUser });
  const client = createApiClient({ handler: throughFilters(test.aggregator.handler), user: controlPlaneUser });
  await elsewhere.create(namespacesRef, { apiVersion: "v1", kind: "Namespace", metadata: { name: "default" } });
  for (const object of options.stored ?? []) {
    await elsewhere.create(dataPlaneServicesRef, object);
    const patch = { status: isJsonObject(object["status"]) ? object["status"] : {} };
    const ref = { name: object.metadata.name, subresource: "status" };
    await elsewhere.patch(dataPlaneServicesRef, ref, "application/merge-patch+json", patch);
  }
  const shared = { client, clock: systemClock, logger: silentLogger };
  const services = createInformer<ApiObject>({ ...shared, resource: dataPlaneServicesRef });
  const backends = createBackendProbes({ services, outbound: options.outbound ?? defaultOutbound(), ...shared, intervalMs: 40 });
  const controllers = [
    backends,
    dataPlaneServiceRegistrationController({ ...shared, services, aggregator: test.aggregator }),
    dataPlaneServiceAvailabilityController({ ...shared, services, aggregator: test.aggregator, plugins: test.plugins, backends, instance: "test" }),
    ...(options.managed === true ? [managedDataPlaneServicesController({ ...shared, services, plugins: test.plugins })] : []),
  ];
  const running = [services, ...controllers].map((it) => it.run(stop.signal));
  await until(() => (test.aggregator.hasSynced ? true : undefined));
  return {
    ...test,
    elsewhere,
    client,
    until,
    condition: async (name, type) => {
      const { items } = await elsewhere.list(dataPlaneServicesRef);
      const object = items.find(({ metadata }) => metadata.name === name);
      return object === undefined ? undefined : dataPlaneServiceFrom(object).conditions.find((it) => it.type === type);
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(running);
    },
  };
}

async function until<T>(read: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const end = Date.now() + 15_000;
  while (Date.now() < end) {
    const value = await read();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error("it did not come within 15 s");
}
