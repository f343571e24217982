import type { Metrics } from "./metrics.js";

/** Adds the standard `process_*` metrics of the process itself. */
export function collectProcessMetrics(metrics: Metrics): void {
  const cpu = metrics.readCounter({ name: "process_cpu_seconds_total", help: "Total user and system CPU time spent in seconds." });
  const memory = metrics.gauge({ name: "process_resident_memory_bytes", help: "Resident memory size in bytes." });
  const heap = metrics.gauge({ name: "nodejs_heap_size_used_bytes", help: "Heap in use in bytes." });
  const start = metrics.gauge({ name: "process_start_time_seconds", help: "Start time of the process since unix epoch in seconds." });
  const startedAt = Date.now() / 1000 - process.uptime();
  metrics.collect(() => {
    const { user, system } = process.cpuUsage();
    cpu.set((user + system) / 1e6);
    const usage = process.memoryUsage();
    memory.set(usage.rss);
    heap.set(usage.heapUsed);
    start.set(Math.round(startedAt * 1000) / 1000);
  });
}
