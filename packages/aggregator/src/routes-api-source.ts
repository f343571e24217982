import type { ApiSource, DiscoveredResource, ServedGroupVersion } from "@dataplane/apiserver";
import { basePathOf, type GroupVersion, isJsonObject, type JsonObject } from "@dataplane/meta";
import { freeName } from "./free-name.js";
import type { PluginHandler } from "./plugin-handler.js";
import { queryServiceApi } from "./query-service/query-service-api.js";
import { queryTypeSchemas } from "./query-type-schemas.js";
import type { QueryType } from "./query-types.js";
import type { RouteTable } from "./route-table.js";
import { errorSchemas, withErrors } from "./service-types/error-openapi.js";
import { querySchemas } from "./service-types/query-openapi.js";
import type { Operation, PluginRoute } from "./service-types/service-type.js";

/** The data plane's part of discovery and OpenAPI: the subresources that plugins answer. */
export function routesApiSource(current: () => { readonly table: RouteTable; readonly generation: number }): ApiSource {
  // A handler never changes, and whoever keeps APIServices or documents asks for the whole at each change of any.
  const described = new WeakMap<PluginHandler, { readonly types: readonly QueryType[]; readonly served: ServedGroupVersion }>();
  const describe = (handler: PluginHandler): ServedGroupVersion => {
    const { queryTypes: types } = handler;
    const known = described.get(handler);
    if (known?.types === types) return known.served;
    const served = servedGroupVersion(handler);
    described.set(handler, { types, served });
    return served;
  };
  return {
    served: () => [...current().table.served.map(describe), queryServiceApi],
    get generation() {
      return current().generation;
    },
  };
}

function servedGroupVersion({ service, routes, schemas, queryTypes }: PluginHandler): ServedGroupVersion {
  const { group, version } = service.spec;
  let openapi: ServedGroupVersion["openapi"] | undefined;
  return {
    group,
    version,
    resources: resourcesOf(routes),
    // Made when a document is: most who ask look at the resources alone.
    get openapi() {
      openapi ??= {
        paths: openApiPaths(routes, { group, version }),
        schemas: { ...errorSchemas, ...querySchemas, ...queryTypeSchemas(queryTypes), ...schemas },
      };
      return openapi;
    },
    freshness: "Current",
  };
}

/** Each name once: of two routes that share it the first that is tried. */
function resourcesOf(routes: readonly PluginRoute[]): readonly DiscoveredResource[] {
  const byName = new Map<string, DiscoveredResource>();
  for (const it of routes.flatMap(discovered)) if (!byName.has(it.name)) byName.set(it.name, it);
  return [...byName.values()];
}

/** Routes of one path share an item, the first that is tried wins; an operation's id is there once. */
function openApiPaths(routes: readonly PluginRoute[], groupVersion: GroupVersion): JsonObject {
  const items = new Map<string, JsonObject>();
  const ids = new Set<string>();
  for (const route of routes) {
    for (const [path, item] of openApiPath(route, groupVersion)) items.set(path, { ...withFreeIds(item, ids), ...items.get(path) });
  }
  return Object.fromEntries(items);
}

function withFreeIds(item: JsonObject, ids: Set<string>): JsonObject {
  return Object.fromEntries(
    Object.entries(item).map(([method, operation]) => {
      if (!isJsonObject(operation) || typeof operation["operationId"] !== "string") return [method, operation];
      return [method, { ...operation, operationId: freeName(operation["operationId"], ids) }];
    }),
  );
}

const discovered = ({ discovered: shown, path }: PluginRoute): readonly DiscoveredResource[] =>
  shown === undefined ? [] : [{ ...shown, singularName: "", namespaced: path.startsWith("namespaces/") }];

function openApiPath({ path: pattern, operations }: PluginRoute, groupVersion: GroupVersion): readonly [string, JsonObject][] {
  if (operations === undefined) return [];
  // OpenAPI has no parameter for several segments: one that is encoded by its client is as near as it comes.
  const path = pattern.replace(/\*$/, "{path}");
  const parameters = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
  const item = Object.fromEntries(
    Object.entries(operations).map(([method, operation]) => [method, withErrors(withUniqueId(operation, groupVersion))]),
  );
  return [[`${basePathOf(groupVersion)}/${path}`, { ...item, ...(parameters.length === 0 ? {} : { parameters }) }]];
}

/** Swagger 2 has all groups in one document. */
function withUniqueId(operation: Operation, { group, version }: GroupVersion): JsonObject {
  const words = [...group.split(/[.-]/), version].map((word) => word.charAt(0).toUpperCase() + word.slice(1));
  return { ...operation, operationId: `${operation.operationId}${words.join("")}` };
}
