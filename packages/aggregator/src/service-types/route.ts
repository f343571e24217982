import { badRequest, type HttpResponse } from "@dataplane/meta";
import { customOperations } from "./custom-operations.js";
import { discoveredRoutes } from "./discovered-routes.js";
import { appResourcesRoutes, callAppResource, callResource, dataSourceResourcesRoutes } from "./resources.js";
import { namesItsTarget, namesNoDataSource } from "./route-target.js";
import type { BoundPlugin, PluginCall, PluginRoute, ServiceEntry, ServiceType } from "./service-type.js";

/** Patterns that say no more than the fixed paths of resource calls. */
export const resourcesPattern = "datasources/{uid}/resources/*";
const appResourcesPattern = "resources/*";

/**
 * The plugin's own HTTP API: the fixed paths of resource calls (`datasources/{uid}/resources/*`, or `resources/*` of an app) always, and
 * one pattern of the service's own. The plugin is given the path relative to the namespace.
 */
export const route: ServiceType = {
  name: "route",
  served: (entry, plugin) => ownPattern(entry, plugin) === undefined || namesItsTarget(entry.path ?? "", plugin),
  routes: (_entry, { pluginType }) => (pluginType === "app" ? appResourcesRoutes : dataSourceResourcesRoutes),
  patterns: (entry, plugin) => {
    const pattern = ownPattern(entry, plugin);
    if (pattern === undefined) return [];
    const methods = methodsOf(entry.method);
    return discoveredRoutes([
      customRoute({ path: `namespaces/{namespace}/${pattern}`, methods, operations: customOperations(pattern, methods) }, plugin),
    ]);
  },
};

/**
 * A route that a service or a manifest declares. A call of a data source plugin has the settings of one data source, so its path must
 * name that one: otherwise it answers 400.
 */
export const customRoute = (declared: Pick<PluginRoute, "path" | "methods" | "discovered" | "operations">, plugin: BoundPlugin): PluginRoute => ({
  ...declared,
  handle: (call) => {
    if (!namesItsTarget(declared.path, plugin)) throw badRequest(namesNoDataSource);
    return callDeclared(call);
  },
});

function callDeclared(call: PluginCall): Promise<HttpResponse> {
  const { params, groupVersion, request } = call;
  const { namespace = "", uid } = params;
  const { segments = [] } = request.context.info ?? {};
  const path = (namespace === "" ? segments : segments.slice(2)).join("/");
  const key = { namespace, path, apiVersion: groupVersion.version };
  return call.plugin.json.type === "app" ? callAppResource(call, key) : callResource(call, { ...key, uid: uid ?? "" });
}

/** Undefined for a pattern that the fixed paths serve. */
function ownPattern({ path = "" }: ServiceEntry, { pluginType }: BoundPlugin): string | undefined {
  const pattern = path.replace(/^\//, "");
  return pattern === "" || pattern === (pluginType === "app" ? appResourcesPattern : resourcesPattern) ? undefined : pattern;
}

/** A comma list; every method when there is none. */
const methodsOf = (list: string | undefined): readonly string[] =>
  list === undefined || list.trim() === "" ? ["*"] : list.split(",").map((method) => method.trim().toUpperCase());
