import { notFound } from "@dataplane/meta";
import { ownGroupOf, ownGroupVersion } from "@dataplane/plugin-host";
import { proxyDataSource } from "../service-types/datasource-proxy.js";
import { namespaceOf, pluginOf, requireAllowed, verbOf } from "./legacy-data-source.js";
import type { LegacyRoute } from "./legacy-handler.js";

/** `ANY /api/datasources/proxy/uid/:uid/*`. */
export const legacyDataSourceProxy: LegacyRoute = {
  method: "*",
  path: /^\/api\/datasources\/proxy\/uid\/([^/]+)(?:\/(.*))?$/,
  handle: async (request, options, [uid, path]) => {
    const namespace = namespaceOf(request);
    const plugin = await pluginOf(options, { namespace, uid }, request);
    const group = ownGroupOf(plugin.id);
    if (group === undefined) throw notFound("datasources", uid);
    await requireAllowed(request, options.authorizer, { pluginId: plugin.id, namespace, uid, verb: verbOf(request), subresource: "proxy" });
    return proxyDataSource({ request, ...options, plugin, groupVersion: { group, version: ownGroupVersion } }, { namespace, uid, path });
  },
};
