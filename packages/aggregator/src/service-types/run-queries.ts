import { type UserInfo, unavailable } from "@dataplane/meta";
import { DataFrameFormat, type QueryDataRequest, type QueryDataResponse } from "@dataplane/plugin-protocol";
import { callPlugin } from "../call-plugin.js";
import type { DataSourceContext } from "../plugin-contexts.js";
import { callHeaders, callMetadata } from "../plugin-headers.js";
import type { ParsedQuery } from "./query-request.js";
import type { PluginCall } from "./service-type.js";

/** One data source in its namespace, or the app itself there. */
export interface DataSourceKey {
  readonly namespace: string;
  /** Empty for an app. */
  readonly uid: string;
}

/** What of a PluginCall a call of QueryData needs. */
export type QueryDataCall = Pick<PluginCall, "request" | "plugin" | "contexts" | "limits" | "sendUserHeader" | "guard">;

/** How queries are asked, where it is not as JSON and for the first time. */
export interface QueryDataOptions {
  /** Plugins of older SDKs answer Arrow whatever this asks for. */
  readonly format?: DataFrameFormat;
  /** The plugin was asked for the same request before, in another way. */
  readonly again?: boolean;
}

/**
 * Asks the plugin, in one call, for all queries of one data source, and gives what it answered as it came. Throws ApiError: NotFound,
 * or as decided for failed calls.
 */
export async function runQueries(
  call: QueryDataCall,
  key: DataSourceKey,
  queries: readonly ParsedQuery[],
  { format = DataFrameFormat.JSON, again = false }: QueryDataOptions = {},
): Promise<QueryDataResponse> {
  const context = await dataSourceContext(call, key);
  if (queries.length === 0) return { responses: {} };
  const message = queryDataMessage(call, context, { queries, format });
  return askPlugin(call, { key, message, signal: call.request.signal, again });
}

/** Throws ApiError NotFound. */
export function dataSourceContext(
  call: Pick<QueryDataCall, "request" | "plugin" | "contexts">,
  { namespace, uid }: DataSourceKey,
): Promise<DataSourceContext> {
  const { request, plugin, contexts } = call;
  if (uid !== "") return contexts.forDataSource({ pluginId: plugin.id, namespace, uid }, callerOf(call), request.signal);
  return contexts.forApp({ pluginId: plugin.id, namespace }, callerOf(call), request.signal).then((context) => ({ ...context, uid }));
}

/** What the plugin is told. */
export const queryDataMessage = (
  call: QueryDataCall,
  context: DataSourceContext,
  { queries, format }: { readonly queries: readonly ParsedQuery[]; readonly format: DataFrameFormat },
): QueryDataRequest => ({
  pluginContext: context.pluginContext,
  headers: callHeaders(call, context),
  queries: queries.map(({ query }) => query),
  format,
});

export interface AskedQueries {
  readonly key: DataSourceKey;
  readonly message: QueryDataRequest;
  /** Ends the call: the request's own, or that of all who wait for the answer. */
  readonly signal: AbortSignal;
  readonly again?: boolean;
}

/** One guarded call. Throws ApiError as decided for failed calls. */
export function askPlugin(call: QueryDataCall, { key, message, signal, again = false }: AskedQueries): Promise<QueryDataResponse> {
  const { request, plugin, limits, guard } = call;
  const ask = (): Promise<QueryDataResponse> =>
    callPlugin({ request: { signal }, plugin, limits }, callMetadata(request, key.namespace), (client, options) =>
      client.queryData(message, options),
    );
  if (guard === undefined) return ask();
  return guard.run({ pluginId: plugin.id, ...key, user: callerOf(call).name, ...(again ? { again } : {}) }, ask);
}

/** Who asks, as the authenticate filter found. */
export function callerOf({ request }: Pick<PluginCall, "request">): UserInfo {
  const { user } = request.context;
  // The filters come first in every chain; a request without a user has not passed them.
  if (user === undefined) throw unavailable("the request was not authenticated");
  return user;
}
