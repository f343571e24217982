import type { ApiSource, DiscoveredResource, ServedGroupVersion } from "@dataplane/apiserver";
import { basePathOf, type GroupVersion, type JsonObject } from "@dataplane/meta";
import type { PluginHandler } from "./plugin-handler.js";
import { queryServiceApi } from "./query-service/query-service-api.js";
import type { RouteTable } from "./route-table.js";
import { querySchemas } from "./service-types/query-openapi.js";
import type { Operation, PluginRoute } from "./service-types/service-type.js";

/** The data plane's part of discovery and OpenAPI: the subresources that plugins answer. */
export function routesApiSource(current: () => { readonly table: RouteTable; readonly generation: number }): ApiSource {
  // A handler never changes, and whoever keeps APIServices or documents asks for the whole at each change of any.
  const described = new WeakMap<PluginHandler, ServedGroupVersion>();
  const describe = (handler: PluginHandler): ServedGroupVersion => {
    const known = described.get(handler) ?? servedGroupVersion(handler);
    described.set(handler, known);
    return known;
  };
  return {
    served: () => [...current().table.served.map(describe), queryServiceApi],
    get generation() {
      return current().generation;
    },
  };
}

function servedGroupVersion({ service, routes, schemas }: PluginHandler): ServedGroupVersion {
  const { group, version } = service.spec;
  return {
    group,
    version,
    resources: routes.flatMap(discovered),
    openapi: { paths: Object.fromEntries(routes.flatMap((route) => openApiPath(route, { group, version }))), schemas: { ...querySchemas, ...schemas } },
    freshness: "Current",
  };
}

const discovered = ({ discovered: shown, path }: PluginRoute): readonly DiscoveredResource[] =>
  shown === undefined ? [] : [{ ...shown, singularName: "", namespaced: path.startsWith("namespaces/") }];

function openApiPath({ path, operations }: PluginRoute, groupVersion: GroupVersion): readonly [string, JsonObject][] {
  if (operations === undefined) return [];
  const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const item = Object.fromEntries(Object.entries(operations).map(([method, operation]) => [method, withUniqueId(operation, groupVersion)]));
  return [[`${basePathOf(groupVersion)}/${path}`, { ...item, ...(parameters.length === 0 ? {} : { parameters }) }]];
}

/** Swagger 2 has all groups in one document. */
function withUniqueId(operation: Operation, { group, version }: GroupVersion): JsonObject {
  const words = [...group.split(/[.-]/), version].map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return { ...operation, operationId: `${operation.operationId}${words.join("")}` };
}
