import type { HttpResponse, JsonObject, JsonValue } from "@dataplane/meta";
import { type CheckHealthResponse, HealthStatus } from "@dataplane/plugin-protocol";
import { callPlugin } from "../call-plugin.js";
import type { CallContext } from "../plugin-contexts.js";
import { callHeaders, callMetadata } from "../plugin-headers.js";
import { jsonAnswer } from "./json-answer.js";
import { callerOf, type DataSourceKey } from "./run-queries.js";
import type { Operation, PluginCall, PluginRoute } from "./service-type.js";

const healthSchema: JsonObject = {
  type: "object",
  required: ["status", "code", "message"],
  properties: {
    status: { type: "string", enum: ["OK", "ERROR", "UNKNOWN"] },
    code: { type: "integer", description: "The same as the plugin says it: 1 is OK." },
    message: { type: "string" },
    details: { type: "object", description: "What else the plugin tells.", additionalProperties: true },
  },
};

const operation = (what: string, operationId: string): Operation => ({
  description: `Check ${what}.`,
  operationId,
  responses: { "200": jsonAnswer("It works.", healthSchema), "400": jsonAnswer("It does not; the message says why.", healthSchema) },
});

/** Asks the plugin whether one data source works: `pluginv2.Diagnostics/CheckHealth`. Comes with every service of a data source plugin. */
export const healthRoute: PluginRoute = {
  methods: ["GET"],
  path: "namespaces/{namespace}/datasources/{uid}/health",
  handle: (call) => checkHealth(call, { namespace: call.params["namespace"] ?? "", uid: call.params["uid"] ?? "" }),
  discovered: { name: "datasources/health", kind: "HealthCheckResult", verbs: ["get"] },
  operations: { get: operation("one data source", "getDataSourceHealth") },
};

/** The same of an app, with its settings in that namespace. Comes with every service of an app. */
export const appHealthRoute: PluginRoute = {
  methods: ["GET"],
  path: "namespaces/{namespace}/health",
  handle: (call) => checkAppHealth(call, { namespace: call.params["namespace"] ?? "" }),
  discovered: { name: "health", kind: "HealthCheckResult", verbs: ["get"] },
  operations: { get: operation("the app", "getAppHealth") },
};

type HealthCall = Pick<PluginCall, "request" | "plugin" | "contexts" | "limits" | "sendUserHeader" | "guard">;

/** `{"status":"OK","code":1,"message":"…","details":{…}}`: 200 when OK, else 400, as Grafana answers. */
export async function checkHealth(call: HealthCall, { namespace, uid }: DataSourceKey): Promise<HttpResponse> {
  const { request, plugin, contexts } = call;
  return ask(call, await contexts.forDataSource({ pluginId: plugin.id, namespace, uid }, callerOf(call), request.signal), { namespace, uid });
}

/** Answers as `checkHealth` does. */
export async function checkAppHealth(call: HealthCall, { namespace }: Pick<DataSourceKey, "namespace">): Promise<HttpResponse> {
  const { request, plugin, contexts } = call;
  return ask(call, await contexts.forApp({ pluginId: plugin.id, namespace }, callerOf(call), request.signal), { namespace, uid: "" });
}

/** Not guarded: it is how an operator sees whether a backend is back, and a success says so to the breaker too. */
async function ask(call: HealthCall, context: CallContext, { namespace, uid }: DataSourceKey): Promise<HttpResponse> {
  const result = await callPlugin(call, callMetadata(call.request, namespace), (client, options) =>
    client.checkHealth({ pluginContext: context.pluginContext, headers: callHeaders(call, context) }, options),
  );
  // Only that: a plugin that says its data source is away has answered, and still no query would.
  if (result.status === HealthStatus.OK) call.guard?.worked?.({ pluginId: call.plugin.id, namespace, uid });
  return healthResponse(result);
}

function healthResponse({ status, message, jsonDetails }: CheckHealthResponse): HttpResponse {
  const name = status === HealthStatus.OK ? "OK" : status === HealthStatus.ERROR ? "ERROR" : "UNKNOWN";
  const details = detailsOf(jsonDetails);
  return {
    status: status === HealthStatus.OK ? 200 : 400,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ status: name, code: status, message, ...(details === undefined ? {} : { details }) }),
  };
}

/** Most plugins send none; what is no JSON is left out rather than failing a check that went well. */
function detailsOf(jsonDetails: Uint8Array): JsonValue | undefined {
  if (jsonDetails.byteLength === 0) return undefined;
  try {
    const details: unknown = JSON.parse(Buffer.from(jsonDetails).toString("utf8"));
    return isJson(details) ? details : undefined;
  } catch {
    return undefined;
  }
}

// Whatever JSON.parse gave is JSON.
const isJson = (value: unknown): value is JsonValue => value !== undefined;
