import { apiVersionOf, type HttpResponse, type JsonObject, type RequestInfo } from "@dataplane/meta";
import { appSettingsRef } from "../app-settings.js";
import { jsonAnswer } from "./json-answer.js";
import { callerOf } from "./run-queries.js";
import type { Operation, PluginCall, PluginRoute } from "./service-type.js";

const operation = (operationId: string): Operation => ({
  description: "What the caller may do.",
  operationId,
  responses: {
    "200": jsonAnswer("Whether each action is allowed.", {
      type: "object",
      required: ["permissions"],
      properties: {
        apiVersion: { type: "string" },
        kind: { type: "string" },
        metadata: { type: "object", properties: { name: { type: "string" }, namespace: { type: "string" } } },
        permissions: { type: "object", additionalProperties: { type: "boolean" } },
      },
    }),
  },
});

/** What the caller may do with one data source, by Grafana's names of the actions. */
export const accessRoute: PluginRoute = {
  methods: ["GET"],
  path: "namespaces/{namespace}/datasources/{uid}/access",
  handle: answerDataSourceAccess,
  discovered: { name: "datasources/access", kind: "DataSourceAccess", verbs: ["get"] },
  operations: { get: operation("getDataSourceAccess") },
};

/** The same of an app in one namespace. */
export const appAccessRoute: PluginRoute = {
  methods: ["GET"],
  path: "namespaces/{namespace}/access",
  handle: answerAppAccess,
  discovered: { name: "access", kind: "AppAccess", verbs: ["get"] },
  operations: { get: operation("getAppAccess") },
};

type Asked = Pick<RequestInfo, "verb" | "group" | "version" | "resource" | "name" | "subresource">;

async function answerDataSourceAccess(call: PluginCall): Promise<HttpResponse> {
  const { request, params, plugin, contexts, groupVersion } = call;
  const { namespace = "", uid = "" } = params;
  // What is not there is 404, not a list of rights on nothing.
  await contexts.forDataSource({ pluginId: plugin.id, namespace, uid }, callerOf(call), request.signal);
  const asked = (verb: string, subresource = ""): Asked => ({ ...groupVersion, verb, resource: "datasources", name: uid, subresource });
  const permissions = await permissionsOf(call, namespace, {
    "datasources:read": asked("get"),
    "datasources:query": asked("create", "query"),
    "datasources:write": asked("update"),
    "datasources:delete": asked("delete"),
  });
  return answer({ kind: "DataSourceAccess", apiVersion: apiVersionOf(groupVersion), metadata: { name: uid, namespace }, permissions });
}

async function answerAppAccess(call: PluginCall): Promise<HttpResponse> {
  const { request, params, plugin, contexts, groupVersion } = call;
  const { namespace = "" } = params;
  await contexts.forApp({ pluginId: plugin.id, namespace }, callerOf(call), request.signal);
  const settings = (verb: string): Asked => ({ ...appSettingsRef, verb, name: plugin.id, subresource: "" });
  const permissions = await permissionsOf(call, namespace, {
    "plugins.app:access": { ...groupVersion, verb: "get", resource: "resources", name: "", subresource: "" },
    "plugins:read": settings("get"),
    "plugins:write": settings("update"),
  });
  return answer({ kind: "AppAccess", apiVersion: apiVersionOf(groupVersion), metadata: { name: plugin.id, namespace }, permissions });
}

/** Asks the authorizer for each action, in the same words in which a request for it would be asked. */
async function permissionsOf(call: PluginCall, namespace: string, asked: Readonly<Record<string, Asked>>): Promise<JsonObject> {
  const user = callerOf(call);
  const answers = Object.entries(asked).map(async ([action, wanted]) => {
    const rest = [wanted.resource, wanted.name, wanted.subresource].filter((segment) => segment !== "");
    const segments = ["namespaces", namespace, ...rest];
    const path = `/apis/${apiVersionOf(wanted)}/${segments.join("/")}`;
    const { allowed } = await call.authorizer.authorize(user, { isResourceRequest: true, path, namespace, segments, ...wanted });
    return [action, allowed] as const;
  });
  return Object.fromEntries(await Promise.all(answers));
}

const answer = (body: JsonObject): HttpResponse => ({
  status: 200,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
