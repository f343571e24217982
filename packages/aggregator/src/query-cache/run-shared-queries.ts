import { DataFrameFormat } from "@dataplane/plugin-protocol";
import { pluginCallError } from "../plugin-call-errors.js";
import type { ParsedQuery } from "../service-types/query-request.js";
import { askPlugin, type DataSourceKey, dataSourceContext, type QueryDataCall, queryDataMessage, runQueries } from "../service-types/run-queries.js";
import type { QuerySharing, SharedAnswer } from "./query-sharing.js";

/** A call whose answer may be one that is kept, or another caller's. */
export type SharedQueriesCall = QueryDataCall & {
  /** Nothing is shared when absent. */
  readonly sharing?: QuerySharing;
};

/**
 * What `runQueries` gives, or what it gave before for the same queries of the same user where the data source's answers are kept, or what
 * it gives another caller at the moment where they are shared. Throws as it does.
 */
export async function runSharedQueries(
  call: SharedQueriesCall,
  key: DataSourceKey,
  queries: readonly ParsedQuery[],
  format: DataFrameFormat = DataFrameFormat.JSON,
): Promise<SharedAnswer> {
  const { sharing, request, plugin, limits } = call;
  if (sharing === undefined) return { response: await runQueries(call, key, queries, { format }), isOwn: true };
  const context = await dataSourceContext(call, key);
  if (queries.length === 0) return { response: { responses: {} } };
  const message = queryDataMessage(call, context, { queries, format });
  const policy = sharing.policyOf(context.jsonData);
  if (policy === undefined) return { response: await askPlugin(call, { key, message, signal: request.signal }), isOwn: true };
  try {
    return await sharing.answer({ policy, message, queries, limits, request, ask: (signal) => askPlugin(call, { key, message, signal }) });
  } catch (thrown) {
    // Who gave up waiting is told as if the call had been his own.
    throw pluginCallError(thrown, plugin.id, request.signal);
  }
}
