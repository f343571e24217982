import type { Metrics } from "@dataplane/meta";
import type { PluginSource } from "./plugin.js";
import { residentMemory } from "./resident-memory.js";

/** What only the host of the processes knows: how reloads went, and the memory that plugins hold. */
export function pluginMetrics(metrics: Metrics, plugins: PluginSource): void {
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
