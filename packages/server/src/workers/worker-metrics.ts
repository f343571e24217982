import { meteredPlugins, pluginCallMetrics } from "@dataplane/aggregator";
import { type Filter, withFilters } from "@dataplane/apiserver";
import { createMetrics, type Handler, type Metrics } from "@dataplane/meta";
import type { PluginSource } from "@dataplane/plugin-host";
import type { Config } from "../config/load-config.js";
import { countRequests } from "../metrics/count-requests.js";
import type { Routes } from "../metrics/open-metrics.js";
import { addProcessMetrics } from "../metrics/process-metrics.js";
import { requestLabels } from "../metrics/request-labels.js";
import { servedRoutes } from "../metrics/served-routes.js";
import { version } from "../version.js";

/** What a worker counts: its own requests, calls and process. The control process asks for it, and tells the sum. */
export interface WorkerMetrics {
  readonly metrics: Metrics;
  metered(plugins: PluginSource): PluginSource;
  counted(filters: readonly Filter[], served: Handler, routes: Routes): Handler;
}

export function openWorkerMetrics({ metricsEnabled }: Pick<Config, "metricsEnabled">): WorkerMetrics {
  const metrics = createMetrics();
  if (!metricsEnabled) return { metrics, metered: (source) => source, counted: withFilters };
  addProcessMetrics(metrics, version.server);
  const calls = pluginCallMetrics(metrics);
  return {
    metrics,
    metered: (source) => meteredPlugins(source, calls),
    counted(filters, served, { registry, aggregator }) {
      const labels = requestLabels({
        hasResource: (group, groupVersion, resource) => registry.get(group, groupVersion, resource) !== undefined,
        hasRoutes: aggregator === undefined ? () => false : servedRoutes(aggregator),
      });
      return withFilters([countRequests(metrics, labels), ...filters], served);
    },
  };
}
