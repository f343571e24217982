import { ApiError, type HttpRequest, type HttpResponse, type RequestInfo } from "@dataplane/meta";
import { DataFrameFormat } from "@dataplane/plugin-protocol";
import { loggingFailure } from "../log-failed-call.js";
import { methodNotAllowed } from "../method-not-allowed.js";
import type { PluginHandlerOptions } from "../plugin-handler.js";
import { joinCacheStatus, withCacheStatus } from "../query-cache/cache-status.js";
import type { SharedAnswer } from "../query-cache/query-sharing.js";
import { runSharedQueries } from "../query-cache/run-shared-queries.js";
import { readText, requireJsonContentType } from "../request-body.js";
import { failedAnswer, failureOf, type ResultError } from "../service-types/answer-caps.js";
import { negotiateForm } from "../service-types/answer-form.js";
import { answerLines, failedLines, type Line, linesResponse } from "../service-types/answer-lines.js";
import { partsResponse } from "../service-types/answer-parts.js";
import { answerResponse, queryAnswer } from "../service-types/query-answer.js";
import { parseQueryRequest, refIdsOf } from "../service-types/query-request.js";
import type { QueryCall } from "../service-types/query-response.js";
import { withRequestTimeout } from "../service-types/request-timeout.js";
import { mergeAtMost } from "./merge-at-most.js";
import { groupByDataSource, joinResponses, mapAtMost, pluginOfGroup, type QueryGroup, requireQueryAllowed } from "./query-groups.js";

/** Where queries of several data sources are posted: `namespaces/<namespace>/query` below it. */
export const queryServiceGroupVersion = { group: "query.grafana.app", version: "v0alpha1" } as const;

const defaultConcurrency = 10;

/** True for the path of the query service, whatever the method. */
export function isQueryServicePath({ group, version, segments }: RequestInfo): boolean {
  const [scope, , resource, ...rest] = segments;
  return (
    group === queryServiceGroupVersion.group &&
    version === queryServiceGroupVersion.version &&
    scope === "namespaces" &&
    resource === "query" &&
    rest.length === 0
  );
}

/**
 * Answers queries of several data sources, some at once. Each data source is authorized in its plugin's own group; what fails for one
 * is an error of its own queries, and the answer is 200 all the same: each result has its own status.
 */
export async function answerQueryService(request: HttpRequest, namespace: string, around: PluginHandlerOptions): Promise<HttpResponse> {
  if (request.method !== "POST") throw methodNotAllowed(request.method, "POST");
  requireJsonContentType(request);
  const options = { ...around, limits: withRequestTimeout(around.limits, request.query) };
  const form = negotiateForm(request);
  const queries = parseQueryRequest(await readText(request, options.limits.bodyBytes), options.clock.now());
  const service: QueryService = { request, namespace, options, limit: options.limits.concurrentQueries ?? defaultConcurrency };
  const groups = groupByDataSource(queries);
  if (form === "lines") {
    return linesResponse(
      mergeAtMost(
        service.limit,
        groups.map((group) => linesOfGroup(service, group)),
      ),
    );
  }
  const format = form === "json" ? DataFrameFormat.JSON : DataFrameFormat.ARROW;
  const parts = await mapAtMost(service.limit, groups, async (group) => ({ group, ...(await answerOfGroup(service, group, format)) }));
  const [response, asked] = [joinResponses(parts), refIdsOf(queries)];
  const status = joinCacheStatus(parts.map(({ cacheStatus }) => cacheStatus));
  if (form === "json") return withCacheStatus(answerResponse(200, await queryAnswer(response, asked, options.limits)), status);
  return withCacheStatus(await partsResponse(form, response, { asked, caps: options.limits }), status);
}

/** One request of several data sources. */
interface QueryService {
  readonly request: HttpRequest;
  readonly namespace: string;
  readonly options: PluginHandlerOptions;
  /** Data sources that are asked at once. */
  readonly limit: number;
}

async function answerOfGroup(service: QueryService, group: QueryGroup, format: DataFrameFormat): Promise<SharedAnswer> {
  try {
    const call = await callOfGroup(service, group);
    return await loggingFailure(call, runSharedQueries(call, { namespace: service.namespace, uid: group.uid }, group.queries, format));
  } catch (thrown) {
    const failed = failedAnswer(errorOfGroup(service, group, thrown));
    return { response: { responses: Object.fromEntries(refIdsOf(group.queries).map((refId) => [refId, failed])) } };
  }
}

async function* linesOfGroup(service: QueryService, group: QueryGroup): AsyncGenerator<Line> {
  try {
    const call = await callOfGroup(service, group);
    yield* await loggingFailure(call, answerLines(call, { namespace: service.namespace, uid: group.uid }, group.queries));
  } catch (thrown) {
    yield* failedLines(refIdsOf(group.queries), errorOfGroup(service, group, thrown));
  }
}

/** Throws unless the data source is there and the caller may query it. */
async function callOfGroup({ request, namespace, options }: QueryService, group: QueryGroup): Promise<QueryCall> {
  const plugin = await pluginOfGroup(group, namespace, request, options);
  await requireQueryAllowed(plugin, group, namespace, request, options);
  return { request, ...options, plugin };
}

function errorOfGroup({ options: { logger } }: QueryService, { uid }: QueryGroup, thrown: unknown): ResultError {
  if (ApiError.from(thrown).reason === "InternalError") logger.error({ err: thrown, uid }, "queries of a data source broke");
  return failureOf(thrown);
}
