import { readdirSync, readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import type { Metrics } from "@dataplane/meta";

type Values = readonly (readonly [readonly string[], number])[];

/** The standard `process_*` metrics, and what Node tells of itself; read when somebody looks. */
export function addProcessMetrics(metrics: Metrics, version: string): void {
  const gauge = (name: string, help: string, value: () => number | undefined): void =>
    metrics.observed({ type: "gauge", name, help, read: () => only(value()) });
  const counter = (name: string, help: string, value: () => number): void =>
    metrics.observed({ type: "counter", name, help, read: () => only(value()) });
  const startedAt = Math.round(Date.now() - process.uptime() * 1000) / 1000;

  counter("process_cpu_seconds_total", "User and system CPU time in seconds.", () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  gauge("process_start_time_seconds", "Start of the process, in seconds since the Unix epoch.", () => startedAt);
  gauge("process_resident_memory_bytes", "Resident memory in bytes.", () => process.memoryUsage.rss());
  gauge("process_open_fds", "Open file descriptors.", openDescriptors);
  gauge("process_max_fds", "File descriptors that may be open.", maxDescriptors);
  gauge("nodejs_heap_size_used_bytes", "Heap in use in bytes.", () => process.memoryUsage().heapUsed);
  gauge("nodejs_heap_size_total_bytes", "Heap in bytes.", () => process.memoryUsage().heapTotal);
  gauge("nodejs_external_memory_bytes", "Memory of objects outside the heap in bytes.", () => process.memoryUsage().external);
  counter(
    "nodejs_eventloop_active_seconds_total",
    "Time that the event loop worked, in seconds.",
    () => performance.eventLoopUtilization().active / 1000,
  );
  counter(
    "nodejs_eventloop_idle_seconds_total",
    "Time that the event loop waited, in seconds.",
    () => performance.eventLoopUtilization().idle / 1000,
  );
  const buildInfo: Values = [[[version, process.version], 1]];
  metrics.observed({
    type: "gauge",
    name: "dataplane_build_info",
    help: "Always 1; the labels tell versions.",
    labels: ["version", "node_version"],
    read: () => buildInfo,
  });
}

const only = (value: number | undefined): Values => (value === undefined ? [] : [[[], value]]);

/** Only where there is /proc. */
function openDescriptors(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return undefined;
  }
}

function maxDescriptors(): number | undefined {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return limit === undefined ? undefined : Number(limit);
  } catch {
    return undefined;
  }
}
