import { type UserInfo, unavailable } from "@dataplane/meta";
import { DataFrameFormat, type QueryDataResponse } from "@dataplane/plugin-protocol";
import { callPlugin } from "../call-plugin.js";
import { callHeaders, callMetadata } from "../plugin-headers.js";
import type { ParsedQuery } from "./query-request.js";
import type { PluginCall } from "./service-type.js";

/** One data source in its namespace. */
export interface DataSourceKey {
  readonly namespace: string;
  readonly uid: string;
}

/**
 * Asks the plugin, in one call, for all queries of one data source, and gives what it answered as it came. Throws ApiError: NotFound,
 * or as decided for failed calls. Plugins of older SDKs answer Arrow whatever `format` asks for.
 */
export async function runQueries(
  call: Pick<PluginCall, "request" | "plugin" | "contexts" | "limits" | "sendUserHeader">,
  { namespace, uid }: DataSourceKey,
  queries: readonly ParsedQuery[],
  format: DataFrameFormat = DataFrameFormat.JSON,
): Promise<QueryDataResponse> {
  const { request, plugin, contexts } = call;
  const context = await contexts.forDataSource({ pluginId: plugin.id, namespace, uid }, callerOf(call), request.signal);
  if (queries.length === 0) return { responses: {} };
  return callPlugin(call, callMetadata(request, namespace), (client, options) =>
    client.queryData(
      { pluginContext: context.pluginContext, headers: callHeaders(call, context), queries: queries.map(({ query }) => query), format },
      options,
    ),
  );
}

/** Who asks, as the authenticate filter found. */
export function callerOf({ request }: Pick<PluginCall, "request">): UserInfo {
  const { user } = request.context;
  // The filters come first in every chain; a request without a user has not passed them.
  if (user === undefined) throw unavailable("the request was not authenticated");
  return user;
}
