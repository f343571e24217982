import { checkAppHealth } from "../service-types/health.js";
import { callAppResource } from "../service-types/resources.js";
import { appOf, requireAppAllowed } from "./legacy-app.js";
import { namespaceOf, verbOf } from "./legacy-data-source.js";
import type { LegacyRoute } from "./legacy-handler.js";

/** `GET /api/plugins/:id/health`, of an app. */
const health: LegacyRoute = {
  method: "GET",
  path: /^\/api\/plugins\/([^/]+)\/health$/,
  handle: async (request, options, [id]) => {
    const plugin = appOf(options.plugins, id, "/api/datasources/uid/<uid>/health");
    const namespace = namespaceOf(request);
    await requireAppAllowed(request, options.authorizer, { pluginId: id, namespace, verb: "get", subresource: "health" });
    return checkAppHealth({ request, ...options, plugin }, { namespace });
  },
};

/** `ANY /api/plugins/:id/resources/*`, of an app. */
const resources: LegacyRoute = {
  method: "*",
  path: /^\/api\/plugins\/([^/]+)\/resources(?:\/(.*))?$/,
  handle: async (request, options, [id, path]) => {
    const plugin = appOf(options.plugins, id, "/api/datasources/uid/<uid>/resources");
    const namespace = namespaceOf(request);
    await requireAppAllowed(request, options.authorizer, { pluginId: id, namespace, verb: verbOf(request), subresource: "resources" });
    return callAppResource({ request, ...options, plugin }, { namespace, path });
  },
};

export const legacyAppCalls: readonly LegacyRoute[] = [health, resources];
