import type { Metrics } from "@dataplane/meta";
import type { PluginSource, PluginState } from "@dataplane/plugin-host";

const phases: readonly PluginState["phase"][] = ["starting", "running", "backoff", "failed", "stopped"];

/** Life of the plugins' processes. */
export function addPluginMetrics(metrics: Metrics, plugins: PluginSource): void {
  metrics.observed({
    type: "gauge",
    name: "grafana_plugin_build_info",
    help: "Always 1, for each plugin that was found; the labels tell what it is.",
    labels: ["plugin_id", "plugin_type", "version", "signature_status"],
    read: () => plugins.list().map(({ id, json, signature }) => [[id, json.type, json.version, signature], 1]),
  });
  metrics.observed({
    type: "gauge",
    name: "dataplane_plugin_phase",
    help: "1 for the phase that a plugin's process is in, 0 for the others.",
    labels: ["plugin_id", "phase"],
    read: () => plugins.list().flatMap(({ id, state }) => phases.map((phase) => [[id, phase], state.phase === phase ? 1 : 0] as const)),
  });
  metrics.observed({
    type: "counter",
    name: "dataplane_plugin_restarts_total",
    help: "Starts of a plugin's process after its first one.",
    labels: ["plugin_id"],
    read: () => plugins.list().map(({ id, state }) => [[id], state.restarts]),
  });
}
