import type { Metrics } from "./metrics.js";

export interface CallMeter {
  /** Counts one call by endpoint and outcome, and the time it took. */
  count<Result>(endpoint: string, work: () => Promise<Result>): Promise<Result>;
}

/** `plugin_requests_total` and `plugin_request_duration_seconds_total`, by endpoint and status (ok, error). */
export function meterCalls(metrics: Metrics): CallMeter {
  const total = metrics.counter({ name: "plugin_requests_total", help: "Calls to the plugin." });
  const seconds = metrics.counter({ name: "plugin_request_duration_seconds_total", help: "Time spent in calls to the plugin, in seconds." });
  return {
    async count(endpoint, work) {
      const start = performance.now();
      const record = (status: string) => {
        total.add({ endpoint, status });
        seconds.add({ endpoint, status }, (performance.now() - start) / 1000);
      };
      try {
        const result = await work();
        record("ok");
        return result;
      } catch (thrown) {
        record("error");
        throw thrown;
      }
    },
  };
}
