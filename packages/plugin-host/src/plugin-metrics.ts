import type { Metrics } from "@dataplane/meta";
import type { PluginSource } from "./plugin.js";
import { residentMemory } from "./resident-memory.js";

const phases = ["starting", "running", "backoff", "failed", "stopped"] as const;

/** Tells of the lives of plugins: whether each runs, how often it was started again, how its reloads went, and its memory. */
export function pluginMetrics(metrics: Metrics, plugins: PluginSource): void {
  metrics.observed({
    name: "dataplane_plugin_phase",
    help: "1 for the phase that a plugin's process is in.",
    labels: ["plugin_id", "phase"],
    type: "gauge",
    read: () => plugins.list().flatMap(({ id, state }) => phases.map((phase) => [[id, phase], state.phase === phase ? 1 : 0] as const)),
  });
  metrics.observed({
    name: "dataplane_plugin_restarts_total",
    help: "Starts of a plugin's process after the first one.",
    labels: ["plugin_id"],
    type: "counter",
    read: () => plugins.list().map(({ id, state }) => [[id], state.restarts] as const),
  });
  metrics.observed({
    name: "dataplane_plugin_resident_memory_bytes",
    help: "Memory in RAM of a plugin's process, on Linux.",
    labels: ["plugin_id"],
    type: "gauge",
    read: () =>
      plugins.list().flatMap(({ id, state }) => {
        const bytes = state.pid === undefined ? undefined : residentMemory(state.pid);
        return bytes === undefined ? [] : [[[id], bytes] as const];
      }),
  });
  const reloads = metrics.counter({
    name: "dataplane_plugin_reloads_total",
    help: "Times that a plugin was to go over to what changed on disk, or was restarted while it ran; outcome: Reloaded, ReloadFailed.",
    labels: ["plugin_id", "outcome"],
  });
  const counted = new Map<string, number>();
  plugins.onChange((id) => {
    const reload = plugins.get(id)?.state.reload;
    if (reload === undefined || counted.get(id) === reload.at.getTime()) return;
    counted.set(id, reload.at.getTime());
    reloads.with(id, reload.outcome).inc();
  });
}
