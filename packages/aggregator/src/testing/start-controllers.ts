import { createInformer } from "@dataplane/client";
import { type ApiObject, silentLogger, systemClock } from "@dataplane/meta";
import type { Plugin } from "@dataplane/plugin-host";
import { dataPlaneServicesRef } from "../dataplaneservice.js";
import { dataPlaneServiceAvailabilityController } from "../dataplaneservice-availability-controller.js";
import { dataPlaneServiceRegistrationController } from "../dataplaneservice-registration-controller.js";
import { managedDataPlaneServicesController } from "../managed-services-controller.js";
import { MemoryApi } from "./memory-api.js";
import { startAggregator, type TestAggregator } from "./start-aggregator.js";

/** The aggregator with its controllers at work. Writes to `api` go past the aggregator, as those of another server would. */
export interface TestControllers extends TestAggregator, AsyncDisposable {
  readonly api: MemoryApi;
  /** Waits until `read` gives something, at most a second. */
  readonly until: <T>(read: () => T | undefined) => Promise<T>;
  readonly condition: (name: string, type: string) => { readonly status: string; readonly reason: string } | undefined;
}

export async function startControllers(options: { readonly plugins?: readonly Plugin[]; readonly managed?: boolean } = {}): Promise<TestControllers> {
  const api = new MemoryApi();
  const stop = new AbortController();
  const test = startAggregator({
    plugins: options.plugins ?? [],
    synced: false,
    delegate: async (request) => {
      const name = request.context.info?.name ?? "";
      if (request.method === "DELETE") await api.delete(dataPlaneServicesRef, { name });
      return { status: 200, headers: {} };
    },
  });
  const shared = { client: api, clock: systemClock, logger: silentLogger };
  const services = createInformer<ApiObject>({ ...shared, resource: dataPlaneServicesRef });
  const controllers = [
    dataPlaneServiceRegistrationController({ ...shared, services, aggregator: test.aggregator }),
    dataPlaneServiceAvailabilityController({ ...shared, services, aggregator: test.aggregator, plugins: test.plugins, instance: "test" }),
    ...(options.managed === true ? [managedDataPlaneServicesController({ ...shared, services, plugins: test.plugins })] : []),
  ];
  const running = [services, ...controllers].map((it) => it.run(stop.signal));
  const until = async <T>(read: () => T | undefined): Promise<T> => {
    const end = Date.now() + 1000;
    while (Date.now() < end) {
      const value = read();
      if (value !== undefined) return value;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    throw new Error("it did not come within a second");
  };
  await until(() => (test.aggregator.hasSynced ? true : undefined));
  return {
    ...test,
    api,
    until,
    condition: (name, type) => {
      const status = api.objects.get(`${dataPlaneServicesRef.group}/dataplaneservices//${name}`)?.["status"] as
        | { readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[] }
        | undefined;
      return status?.conditions?.find((it) => it.type === type);
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(running);
    },
  };
}
