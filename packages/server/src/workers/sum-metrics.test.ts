import { createMetrics } from "@dataplane/meta";
import { expect, test } from "vitest";
import { lastingMetrics, sumMetrics } from "./sum-metrics.js";

/** What one process counted. */
function counted(requests: number, seconds: readonly number[]): string {
  const metrics = createMetrics();
  metrics
    .counter({ name: "requests_total", help: "Requests.", labels: ["path"] })
    .with('/a "b" c')
    .inc(requests);
  const times = metrics.histogram({ name: "seconds", help: "Times.", buckets: [0.1, 1] }).with();
  for (const it of seconds) times.observe(it);
  metrics.gauge({ name: "in_flight", help: "Now." }).with().set(requests);
  metrics
    .gauge({ name: "process_start_time_seconds", help: "Start." })
    .with()
    .set(1_000 + requests);
  return metrics.text();
}

test("counts of several processes are added series by series, and the text is as one process writes it", () => {
  expect(sumMetrics([counted(2, [0.05]), counted(3, [0.5, 5])])).toBe(counted(5, [0.05, 0.5, 5]).replace("1005", "1002"));
});

test("one text stays as it is, whichever metrics it has", () => {
  const text = counted(7, [0.05, 5]);
  expect(sumMetrics([text])).toBe(text);
  expect(sumMetrics([text, ""])).toBe(text);
});

test("what only a worker counts is in the sum, in its place", () => {
  const own = "# HELP b B.\n# TYPE b counter\nb 1\n";
  expect(sumMetrics([own, "# HELP a A.\n# TYPE a counter\na 2\n"])).toBe(`# HELP a A.\n# TYPE a counter\na 2\n${own}`);
});

test("of a process that has ended what only grows is kept", () => {
  const kept = lastingMetrics(counted(2, [0.05]));
  expect(kept).toContain('requests_total{path="/a \\"b\\" c"} 2');
  expect(kept).toContain("seconds_count 1");
  expect(kept).not.toContain("in_flight");
  expect(sumMetrics([counted(1, []), kept])).toContain('requests_total{path="/a \\"b\\" c"} 3');
});
