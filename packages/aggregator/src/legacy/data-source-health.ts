import { checkHealth } from "../service-types/health.js";
import { namespaceOf, pluginOf, requireAllowed } from "./legacy-data-source.js";
import type { LegacyRoute } from "./legacy-handler.js";

/** `GET /api/datasources/uid/:uid/health`. */
export const legacyDataSourceHealth: LegacyRoute = {
  method: "GET",
  path: /^\/api\/datasources\/uid\/([^/]+)\/health$/,
  handle: async (request, options, [uid]) => {
    const namespace = namespaceOf(request);
    const plugin = await pluginOf(options, { namespace, uid }, request);
    await requireAllowed(request, options.authorizer, { pluginId: plugin.id, namespace, uid, verb: "get", subresource: "health" });
    return checkHealth({ request, ...options, plugin }, { namespace, uid });
  },
};
