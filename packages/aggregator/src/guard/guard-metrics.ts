import type { Metrics } from "@dataplane/meta";

/** Counts what the guard refuses. */
export interface GuardMetrics {
  /** By a limit, named as its setting. */
  limited(limit: string): void;
  /** By an open breaker. */
  broken(pluginId: string): void;
  opened(pluginId: string): void;
}

export function guardMetrics(metrics: Metrics, openBreakers: () => number): GuardMetrics {
  const limited = metrics.counter({
    name: "dataplane_calls_limited_total",
    help: "Calls that a limit of section query refused with 429.",
    labels: ["limit"],
  });
  const broken = metrics.counter({
    name: "dataplane_breaker_refused_total",
    help: "Calls that an open breaker refused with 503.",
    labels: ["plugin_id"],
  });
  const opened = metrics.counter({
    name: "dataplane_breaker_opened_total",
    help: "Times that a breaker opened, or a trial left it open.",
    labels: ["plugin_id"],
  });
  metrics.observed({
    name: "dataplane_breakers_open",
    help: "Backends whose breaker is open.",
    type: "gauge",
    read: () => [[[], openBreakers()]],
  });
  return {
    limited: (limit) => limited.with(limit).inc(),
    broken: (pluginId) => broken.with(pluginId).inc(),
    opened: (pluginId) => opened.with(pluginId).inc(),
  };
}
