import { createMetrics } from "@dataplane/meta";
import { GrpcCode, GrpcError } from "@dataplane/plugin-protocol";
import { expect, test } from "vitest";
import { meteredPlugins } from "./metered-plugins.js";
import { pluginCallMetrics } from "./plugin-call-metrics.js";
import { aPlugin, aPluginSource } from "./testing/a-plugin.js";
import { aDataPlaneService, startAggregator } from "./testing/start-aggregator.js";

test("calls are counted by plugin, endpoint, outcome and whose fault it was", async () => {
  const metrics = createMetrics();
  const plugin = aPlugin({
    id: "p",
    answers: { D: { error: "no", errorSource: "downstream" }, P: { error: "no", errorSource: "plugin" } },
    calls: {
      checkHealth: () => Promise.reject(new GrpcError(GrpcCode.Internal, "broken")),
      collectMetrics: (_, { signal }) => new Promise((__, reject) => signal.addEventListener("abort", () => reject(new Error("gone")))),
      async *callResource() {
        yield await Promise.resolve({ code: 200, headers: {}, body: Buffer.from("a") });
        yield { code: 0, headers: {}, body: Buffer.from("b") };
      },
    },
  });
  const metered = meteredPlugins(aPluginSource([plugin]), pluginCallMetrics(metrics));
  const services = [aDataPlaneService({ plugin: "p", serves: ["query", { type: "route", path: "x" }] })];
  const { query, send } = startAggregator({ plugins: metered.list(), services });
  const base = "/apis/p.grafana.app/v0alpha1";
  await query("p", "main", { refId: "A" });
  await query("p", "main", [{ refId: "A" }, { refId: "D" }]);
  await query("p", "main", [{ refId: "D" }, { refId: "P" }]);
  expect((await send("GET", `${base}/namespaces/default/datasources/main/health`)).status).toBe(502);
  expect((await send("GET", `${base}/namespaces/default/datasources/main/resources/x`)).text).toBe("ab");
  const leave = new AbortController();
  const left = send("GET", `${base}/metrics`, { signal: leave.signal });
  setTimeout(() => leave.abort(), 5);
  await left;

  const counts = metrics
    .text()
    .split("\n")
    .filter((line) => line.startsWith("grafana_plugin_request_total"));
  expect(new Set(counts)).toEqual(
    new Set(
      [
        'checkHealth",status="error",status_source="plugin",target="local"} 1',
        'checkHealth",status="ok",status_source="plugin",target="local"} 0',
        'callResource",status="ok",status_source="plugin",target="local"} 1',
        'collectMetrics",status="cancelled",status_source="plugin",target="local"} 1',
        'collectMetrics",status="ok",status_source="plugin",target="local"} 0',
        'queryData",status="error",status_source="downstream",target="local"} 1',
        'queryData",status="error",status_source="plugin",target="local"} 1',
        'queryData",status="ok",status_source="plugin",target="local"} 1',
      ].map((tail) => `grafana_plugin_request_total{plugin_id="p",endpoint="${tail}`),
    ),
  );
  expect(metrics.text()).toContain('dataplane_plugin_calls_inflight{plugin_id="p"} 0');
  expect(metrics.text()).toContain('grafana_plugin_request_duration_seconds_count{plugin_id="p",endpoint="queryData",target="local"} 3');
});
