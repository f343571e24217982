import { apiVersionOf, type HttpResponse, type RequestInfo } from "@dataplane/meta";
import { callerOf } from "./run-queries.js";
import type { PluginCall, PluginRoute } from "./service-type.js";

/** What the caller may do with one data source, by Grafana's names of the actions. */
export const accessRoute: PluginRoute = {
  methods: ["GET"],
  path: "namespaces/{namespace}/datasources/{uid}/access",
  handle: answerAccess,
  discovered: { name: "datasources/access", kind: "DataSourceAccess", verbs: ["get"] },
  operations: { get: { description: "What the caller may do.", operationId: "getDataSourceAccess", responses: { "200": { description: "OK" } } } },
};

const actions = {
  "datasources:read": { verb: "get", subresource: "" },
  "datasources:query": { verb: "create", subresource: "query" },
  "datasources:write": { verb: "update", subresource: "" },
  "datasources:delete": { verb: "delete", subresource: "" },
} as const;

async function answerAccess(call: PluginCall): Promise<HttpResponse> {
  const { request, params, plugin, contexts, groupVersion, authorizer } = call;
  const { namespace = "", uid = "" } = params;
  const user = callerOf(call);
  // What is not there is 404, not a list of rights on nothing.
  await contexts.forDataSource({ pluginId: plugin.id, namespace, uid }, user, request.signal);
  const asked = Object.entries(actions).map(async ([action, { verb, subresource }]) => {
    const segments = ["namespaces", namespace, "datasources", uid, ...(subresource === "" ? [] : [subresource])];
    const path = `/apis/${apiVersionOf(groupVersion)}/${segments.join("/")}`;
    const info: RequestInfo = {
      isResourceRequest: true,
      path,
      verb,
      ...groupVersion,
      namespace,
      resource: "datasources",
      name: uid,
      subresource,
      segments,
    };
    const { allowed } = await authorizer.authorize(user, info);
    return [action, allowed] as const;
  });
  const permissions = Object.fromEntries(await Promise.all(asked));
  const body = { kind: "DataSourceAccess", apiVersion: apiVersionOf(groupVersion), metadata: { name: uid, namespace }, permissions };
  return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}
