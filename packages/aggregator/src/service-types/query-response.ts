import type { HttpResponse } from "@dataplane/meta";
import { DataFrameFormat, type QueryDataResponse, releaseMessage } from "@dataplane/plugin-protocol";
import { withCacheStatus } from "../query-cache/cache-status.js";
import type { SharedAnswer } from "../query-cache/query-sharing.js";
import { runSharedQueries } from "../query-cache/run-shared-queries.js";
import { negotiateForm } from "./answer-form.js";
import { answerLines, linesResponse } from "./answer-lines.js";
import { partsResponse } from "./answer-parts.js";
import { answerResponse, queryAnswer } from "./query-answer.js";
import { type ParsedQuery, refIdsOf } from "./query-request.js";
import { withRequestTimeout } from "./request-timeout.js";
import type { DataSourceKey } from "./run-queries.js";
import type { PluginCall } from "./service-type.js";

/** What of a PluginCall the queries of one data source need. */
export type QueryCall = Pick<PluginCall, "request" | "plugin" | "contexts" | "limits" | "sendUserHeader" | "guard" | "sharing" | "logger">;

/**
 * Answers queries of one data source in the form that the client accepts. 200 whatever the results say: the plugin answered, and each
 * result has its own status. Lines are never kept nor shared. `?timeout=` shortens the time of the call. Throws ApiError where the call as such failed, and NotAcceptable.
 */
export async function respondToQueries(asking: QueryCall, key: DataSourceKey, queries: readonly ParsedQuery[]): Promise<HttpResponse> {
  const call = { ...asking, limits: withRequestTimeout(asking.limits, asking.request.query) };
  const form = negotiateForm(call.request);
  const asked = refIdsOf(queries);
  switch (form) {
    case "json": {
      const shared = await runSharedQueries(call, key, queries);
      return sharedResponse(answerResponse(200, await queryAnswer(shared.response, asked, call.limits)), shared);
    }
    case "lines":
      return linesResponse(await answerLines(call, key, queries));
    case "arrow":
    case "csv": {
      const shared = await runSharedQueries(call, key, queries, DataFrameFormat.ARROW);
      return sharedResponse(await partsResponse(form, shared.response, { asked, caps: call.limits }), shared);
    }
  }
}

/** Under its status of the cache. Frames that nobody else looks at lend their memory until they are sent. */
function sharedResponse(answer: HttpResponse, { response, cacheStatus, isOwn }: SharedAnswer): HttpResponse {
  const told = withCacheStatus(answer, cacheStatus);
  return isOwn === true ? { ...told, onSent: () => releaseFrames(response) } : told;
}

function releaseFrames({ responses }: QueryDataResponse): void {
  for (const { frames } of Object.values(responses)) for (const frame of frames) releaseMessage(frame);
}
