import { performance } from "node:perf_hooks";
import type { Counter, Histogram, Metrics } from "@dataplane/meta";

/** How a call ended: `cancelled` when the caller gave it up. */
export type CallStatus = "ok" | "error" | "cancelled";
/** Whose fault an error is, as SDKs say it. */
export type StatusSource = "plugin" | "downstream";

/** Counts calls to plugins, by Grafana's names of metrics and labels. */
export interface PluginCallMetrics {
  /** Starts the clock of one call; what it gives is called once, when the call ended. */
  start(pluginId: string, endpoint: string): (status: CallStatus, source: StatusSource) => void;
}

/** Plugins run on this machine; Grafana knows others. */
const target = "local";

export function pluginCallMetrics(metrics: Metrics): PluginCallMetrics {
  const total = metrics.counter({
    name: "grafana_plugin_request_total",
    help: "Calls to plugins.",
    labels: ["plugin_id", "endpoint", "status", "status_source", "target"],
  });
  const seconds = metrics.histogram({
    name: "grafana_plugin_request_duration_seconds",
    help: "Time of calls to plugins; of one that answers in pieces, to its end.",
    labels: ["plugin_id", "endpoint", "target"],
  });
  const running = metrics.gauge({ name: "dataplane_plugin_calls_inflight", help: "Calls to plugins that have not ended.", labels: ["plugin_id"] });
  /** By plugin and endpoint; nearly every call takes this way. */
  const known = new Map<string, { readonly ok: Counter; readonly seconds: Histogram }>();
  return {
    start(pluginId, endpoint) {
      const key = `${pluginId} ${endpoint}`;
      let series = known.get(key);
      if (series === undefined) {
        series = { ok: total.with(pluginId, endpoint, "ok", "plugin", target), seconds: seconds.with(pluginId, endpoint, target) };
        known.set(key, series);
      }
      const { ok, seconds: histogram } = series;
      const inflight = running.with(pluginId);
      inflight.add(1);
      const started = performance.now();
      return (status, source) => {
        inflight.add(-1);
        histogram.observe((performance.now() - started) / 1000);
        if (status === "ok") ok.inc();
        else total.with(pluginId, endpoint, status, source, target).inc();
      };
    },
  };
}
