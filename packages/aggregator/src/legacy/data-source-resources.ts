import { callResource } from "../service-types/resources.js";
import { namespaceOf, pluginOf, requireAllowed, verbOf } from "./legacy-data-source.js";
import type { LegacyRoute } from "./legacy-handler.js";

/** `ANY /api/datasources/uid/:uid/resources/*`. */
export const legacyDataSourceResources: LegacyRoute = {
  method: "*",
  path: /^\/api\/datasources\/uid\/([^/]+)\/resources(?:\/(.*))?$/,
  handle: async (request, options, [uid, path]) => {
    const namespace = namespaceOf(request);
    const plugin = await pluginOf(options, { namespace, uid }, request);
    const verb = verbOf(request);
    await requireAllowed(request, options.authorizer, { pluginId: plugin.id, namespace, uid, verb, subresource: "resources" });
    return callResource({ request, ...options, plugin }, { namespace, uid, path });
  },
};
