import type { HttpResponse } from "@dataplane/meta";
import { pluginCallError } from "../plugin-call-errors.js";
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
export async function collectMetrics({ request, plugin, limits }: Pick<PluginCall, "request" | "plugin" | "limits">): Promise<HttpResponse> {
  try {
    const client = await plugin.client(request.signal);
    const pluginContext = {
      orgId: 0,
      pluginId: plugin.id,
      grafanaConfig: {},
      pluginVersion: plugin.json.version,
      userAgent: "",
      apiVersion: "",
      namespace: "",
    };
    const { metrics } = await client.collectMetrics({ pluginContext }, { signal: request.signal, timeoutMs: limits.callTimeoutMs });
    return { status: 200, headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" }, body: metrics?.prometheus ?? new Uint8Array() };
  } catch (thrown) {
    throw pluginCallError(thrown, plugin.id, request.signal);
  }
}
