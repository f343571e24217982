import { type GrafanaAggregator, meteredPlugins, pluginCallMetrics } from "@dataplane/aggregator";
import { type Filter, withFilters } from "@dataplane/apiserver";
import type { Informer } from "@dataplane/client";
import { type ApiObject, createMetrics, type Handler, type Metrics } from "@dataplane/meta";
import { type PluginSource, pluginMetrics } from "@dataplane/plugin-host";
import type { Store } from "@dataplane/storage";
import type { Config } from "../config/load-config.js";
import { version } from "../version.js";
import { addAvailabilityMetrics } from "./availability-metrics.js";
import { countRequests } from "./count-requests.js";
import { meteredStore } from "./metered-store.js";
import { metricsEndpoint, scraperLogin } from "./metrics-endpoint.js";
import { addPluginMetrics } from "./plugin-metrics.js";
import { addProcessMetrics } from "./process-metrics.js";
import { requestLabels } from "./request-labels.js";
import { servedRoutes } from "./served-routes.js";

/** The server's own metrics, and where they are counted. With `[metrics] enabled = false` nothing is counted, and there is no endpoint. */
export interface ServerMetrics {
  /** For parts of the server that count for themselves. */
  readonly metrics: Metrics;
  /** The same plugins, whose calls are counted. */
  metered(plugins: PluginSource): PluginSource;
  /** The same store, what is asked of which is timed and counted. */
  meteredStore(store: Store): Store;
  /** The server behind the filters, with `/metrics`. */
  withEndpoint(served: Handler): Handler;
  /** The filters and the server behind them, with every request counted, and the scraper's own credentials. */
  counted(filters: readonly Filter[], served: Handler, routes: Routes): Handler;
}

export interface Routes {
  /** What is stored. */
  readonly registry: { get(group: string, version: string, resource: string): unknown };
  /** Undefined when there is no data plane. */
  readonly aggregator: Pick<GrafanaAggregator, "apiSource"> | undefined;
}

export interface OpenMetricsOptions {
  readonly config: Pick<Config, "metricsEnabled" | "metricsUser" | "metricsPassword">;
  readonly plugins: PluginSource;
  /** What is shown, made of this process' own text: with that of others. The same unless told. */
  readonly gatherMetrics?: (own: string) => Promise<string>;
}

export function openMetrics({ config, plugins, gatherMetrics = (own) => Promise.resolve(own) }: OpenMetricsOptions): ServerMetrics {
  const metrics = createMetrics();
  if (!config.metricsEnabled) {
    return { metrics, metered: (source) => source, meteredStore: (store) => store, withEndpoint: (served) => served, counted: withFilters };
  }
  addProcessMetrics(metrics, version.server);
  addPluginMetrics(metrics, plugins);
  pluginMetrics(metrics, plugins);
  const calls = pluginCallMetrics(metrics);
  const text = (): Promise<string> => gatherMetrics(metrics.text());
  const credentials = { user: config.metricsUser, password: config.metricsPassword };
  return {
    metrics,
    metered: (source) => meteredPlugins(source, calls),
    meteredStore: (store) => meteredStore(store, metrics),
    withEndpoint: (served) => metricsEndpoint(text, served),
    counted(filters, served, { registry, aggregator }) {
      const labels = requestLabels({
        hasResource: (group, groupVersion, resource) => registry.get(group, groupVersion, resource) !== undefined,
        hasRoutes: aggregator === undefined ? () => false : servedRoutes(aggregator),
      });
      return scraperLogin(text, credentials, withFilters([countRequests(metrics, labels), ...filters], served));
    },
  };
}

/** Which APIServices and DataPlaneServices are not available. */
export function watchAvailability(
  metrics: Metrics,
  { apiServices, dataPlaneServices }: { readonly apiServices: Informer<ApiObject>; readonly dataPlaneServices: Informer<ApiObject> },
): void {
  addAvailabilityMetrics(metrics, { name: "aggregator_unavailable_apiservice", what: "APIServices", objects: apiServices });
  addAvailabilityMetrics(metrics, { name: "dataplane_unavailable_dataplaneservice", what: "DataPlaneServices", objects: dataPlaneServices });
}
