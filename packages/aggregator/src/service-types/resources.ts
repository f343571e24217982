import { readBytes } from "@dataplane/apiserver";
import { type HttpResponse, TimeLimit } from "@dataplane/meta";
import type { PluginClient } from "@dataplane/plugin-host";
import { GrpcCode, GrpcError } from "@dataplane/plugin-protocol";
import { pluginCallError } from "../plugin-call-errors.js";
import type { CallContext } from "../plugin-contexts.js";
import { callMetadata, resourceHeaders } from "../plugin-headers.js";
import { customOperations } from "./custom-operations.js";
import { resourceAnswer } from "./resource-answer.js";
import { resourcePath, resourceUrl } from "./resource-url.js";
import { callerOf, type DataSourceKey } from "./run-queries.js";
import type { PluginCall, PluginRoute } from "./service-type.js";

/** What of a call a resource call needs. */
export type ResourceCall = Pick<PluginCall, "request" | "plugin" | "contexts" | "limits" | "sendUserHeader" | "guard">;

export interface AppResourceKey {
  readonly namespace: string;
  /** Decoded, without a leading slash. */
  readonly path: string;
  /** Version of the group that the call came by; the plugin is told. */
  readonly apiVersion?: string;
}

const discovered = { kind: "ResourceCallResponse", verbs: ["create", "delete", "get", "patch", "update"] } as const;

/** The plugin's own HTTP API of one data source, at its root and below. */
export const dataSourceResourcesRoutes: readonly PluginRoute[] = ["", "/*"].map((rest) => ({
  methods: ["*"],
  path: `namespaces/{namespace}/datasources/{uid}/resources${rest}`,
  handle: (call) => callResource(call, { namespace: call.params["namespace"] ?? "", uid: call.params["uid"] ?? "", path: call.params["*"] ?? "" }),
  operations: customOperations(`DataSourceResources${rest}`, ["*"]),
  ...(rest === "" ? {} : { discovered: { name: "datasources/resources", ...discovered } }),
}));

/** The own HTTP API of an app, at its root and below. */
export const appResourcesRoutes: readonly PluginRoute[] = ["", "/*"].map((rest) => ({
  methods: ["*"],
  path: `namespaces/{namespace}/resources${rest}`,
  handle: (call) =>
    callAppResource(call, {
      namespace: call.params["namespace"] ?? "",
      path: call.params["*"] ?? "",
      apiVersion: call.groupVersion.version,
    }),
  operations: customOperations(`AppResources${rest}`, ["*"]),
  ...(rest === "" ? {} : { discovered: { name: "resources", ...discovered } }),
}));

/** `pluginv2.Resource/CallResource` of one data source. `path` is decoded. */
export async function callResource(call: ResourceCall, { namespace, uid, path, apiVersion }: DataSourceKey & AppResourceKey): Promise<HttpResponse> {
  const { request, plugin, contexts } = call;
  const context = await contexts.forDataSource({ pluginId: plugin.id, namespace, uid }, callerOf(call), request.signal);
  return send(call, context, { namespace, uid, path, apiVersion });
}

/** `pluginv2.Resource/CallResource` of an app, with its settings in that namespace. */
export async function callAppResource(call: ResourceCall, { namespace, path, apiVersion }: AppResourceKey): Promise<HttpResponse> {
  const { request, plugin, contexts } = call;
  const context = await contexts.forApp({ pluginId: plugin.id, namespace }, callerOf(call), request.signal);
  return send(call, context, { namespace, uid: "", path, apiVersion });
}

interface Target {
  readonly namespace: string;
  /** Empty for an app. */
  readonly uid: string;
  readonly path: string;
  readonly apiVersion: string | undefined;
}

/** The body is sent whole, in the one request message of the call; the answer goes on as it comes. */
async function send(call: ResourceCall, context: CallContext, { namespace, uid, path, apiVersion }: Target): Promise<HttpResponse> {
  const { request, plugin, limits, guard } = call;
  const body = await readBytes(request, limits.bodyBytes);
  const { pluginContext } = context;
  const message = {
    pluginContext: apiVersion === undefined ? pluginContext : { ...pluginContext, apiVersion },
    path: resourcePath(request, path),
    method: request.method,
    url: resourceUrl(request, path),
    headers: resourceHeaders(call, context),
    body,
  };
  const begin = (): Promise<HttpResponse> =>
    inTime(call, (client, signal) => {
      const answers = client.callResource(message, { signal, metadata: callMetadata(request, namespace) })[Symbol.asyncIterator]();
      return resourceAnswer(answers, { pluginId: plugin.id, method: request.method });
    });
  return guard === undefined ? begin() : guard.run({ pluginId: plugin.id, namespace, uid, user: callerOf(call).name }, begin);
}

/** An answer may go on without end, but has to begin in the time of a call. Throws ApiError as decided for calls that fail. */
async function inTime(
  { request, plugin, limits }: ResourceCall,
  begin: (client: PluginClient, signal: AbortSignal) => Promise<HttpResponse>,
): Promise<HttpResponse> {
  let limit: TimeLimit | undefined;
  try {
    const client = await plugin.client(request.signal);
    limit = new TimeLimit({ ms: limits.callTimeoutMs, signal: request.signal });
    const answer = await begin(client, limit.signal);
    limit.stop();
    return answer;
  } catch (thrown) {
    limit?.release();
    const timedOut = limit?.isOver === true && thrown instanceof GrpcError;
    throw pluginCallError(timedOut ? deadlineExceeded(thrown) : thrown, plugin.id, request.signal);
  }
}

const deadlineExceeded = (cause: GrpcError): GrpcError => new GrpcError(GrpcCode.DeadlineExceeded, "no answer in time", { cause });
