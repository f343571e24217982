import { badRequest, type HttpResponse } from "@dataplane/meta";
import { readText, requireJsonContentType } from "../request-body.js";
import { queryOperation } from "./query-openapi.js";
import { type ParsedQuery, parseQueryRequest } from "./query-request.js";
import { respondToQueries } from "./query-response.js";
import type { PluginCall, PluginRoute, ServiceType } from "./service-type.js";

/** Runs the queries of one data source, or of an app: `pluginv2.Data/QueryData`. */
export const query: ServiceType = {
  name: "query",
  served: () => true,
  routes: (_entry, { pluginType }) => (pluginType === "app" ? [appQueryRoute] : [queryRoute("datasources"), queryRoute("connections")]),
};

/** An app's queries are about no data source: it is asked with its own settings. */
const appQueryRoute: PluginRoute = {
  methods: ["POST"],
  path: "namespaces/{namespace}/query",
  handle: answerQueries,
  discovered: { name: "query", kind: "QueryDataResponse", verbs: ["create"] },
  operations: { post: queryOperation({ description: "Query the app.", operationId: "createQuery" }) },
};

// `connections` is the first name of the path, `datasources` the newer one; they mean the same.
const queryRoute = (resource: string): PluginRoute => ({
  methods: ["POST"],
  path: `namespaces/{namespace}/${resource}/{uid}/query`,
  handle: answerQueries,
  discovered: { name: `${resource}/query`, kind: "QueryDataResponse", verbs: ["create"] },
  operations: {
    post: queryOperation({
      description: "Query one data source.",
      operationId: `create${resource === "connections" ? "Connection" : "DataSource"}Query`,
    }),
  },
});

async function answerQueries(call: PluginCall): Promise<HttpResponse> {
  const { request, params, plugin, limits, clock } = call;
  requireJsonContentType(request);
  const queries = parseQueryRequest(await readText(request, limits.bodyBytes), clock.now());
  const { namespace = "", uid = "" } = params;
  if (uid !== "") requireSameDatasource(queries, plugin.id, uid);
  return respondToQueries(call, { namespace, uid }, queries);
}

// The path was authorized, not the body: a body that names another source must not pass.
function requireSameDatasource(queries: readonly ParsedQuery[], pluginId: string, uid: string): void {
  for (const { query: asked, datasource } of queries) {
    const differs = (datasource.uid ?? uid) !== uid ? "uid" : (datasource.type ?? pluginId) !== pluginId ? "type" : undefined;
    if (differs === undefined) continue;
    const [named, expected] = differs === "uid" ? [datasource.uid, uid] : [datasource.type, pluginId];
    const place = `query ${JSON.stringify(asked.refId)} names ${differs} ${JSON.stringify(named)}, the path ${JSON.stringify(expected)}`;
    throw badRequest(`expected query body datasource and request to match: ${place}`);
  }
}
