import { callResource } from "../service-types/resources.js";
import { namespaceOf, pluginOf, requireAllowed } from "./legacy-data-source.js";
import type { LegacyRoute } from "./legacy-handler.js";

const verbs = new Map([
  ["GET", "get"],
  ["HEAD", "get"],
  ["OPTIONS", "get"],
  ["PUT", "update"],
  ["PATCH", "patch"],
  ["DELETE", "delete"],
]);

/** `ANY /api/datasources/uid/:uid/resources/*`. */
export const legacyDataSourceResources: LegacyRoute = {
  method: "*",
  path: /^\/api\/datasources\/uid\/([^/]+)\/resources\/(.*)$/,
  handle: async (request, options, [uid, path]) => {
    const namespace = namespaceOf(request);
    const plugin = await pluginOf(options, { namespace, uid }, request);
    const verb = verbs.get(request.method) ?? "create";
    await requireAllowed(request, options.authorizer, { pluginId: plugin.id, namespace, uid, verb, subresource: "resources" });
    return callResource({ request, ...options, plugin }, { namespace, uid, path });
  },
};
