import { notFound } from "@dataplane/meta";
import { collectMetrics } from "../service-types/metrics.js";
import type { LegacyRoute } from "./legacy-handler.js";

/** `GET /metrics/plugins/:id`. */
export const pluginMetrics: LegacyRoute = {
  method: "GET",
  path: /^\/metrics\/plugins\/([^/]+)$/,
  handle: (request, { plugins, limits }, [id]) => {
    const plugin = plugins.get(id);
    if (plugin === undefined) throw notFound("plugins", id);
    return collectMetrics({ request, plugin, limits });
  },
};
