import type { HttpResponse } from "@dataplane/meta";
import { callPlugin } from "../call-plugin.js";
import type { PluginCall, PluginRoute } from "./service-type.js";

/** The plugin's own metrics: `pluginv2.Diagnostics/CollectMetrics`. Comes with every service. */
export const metricsRoute: PluginRoute = {
  methods: ["GET"],
  path: "metrics",
  handle: collectMetrics,
  operations: {
    get: {
      description: "Metrics of the plugin's process, in Prometheus' text format.",
      operationId: "getPluginMetrics",
      responses: { "200": { description: "OK", content: { "text/plain": { schema: { type: "string" } } } } },
    },
  },
};

/** Prometheus' text format, as the plugin wrote it. */
export async function collectMetrics(call: Pick<PluginCall, "request" | "plugin" | "limits">): Promise<HttpResponse> {
  const { id, json } = call.plugin;
  const none = { orgId: 0, grafanaConfig: {}, userAgent: "", apiVersion: "", namespace: "" };
  const { metrics } = await callPlugin(call, {}, (client, options) =>
    client.collectMetrics({ pluginContext: { ...none, pluginId: id, pluginVersion: json.version } }, options),
  );
  return {
    status: 200,
    headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
    body: metrics?.prometheus ?? new Uint8Array(),
  };
}
