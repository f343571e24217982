import { ApiError, type HttpRequest, type HttpResponse, type RequestInfo } from "@dataplane/meta";
import { DataFrameFormat, type QueryDataResponse } from "@dataplane/plugin-protocol";
import { methodNotAllowed } from "../method-not-allowed.js";
import type { PluginHandlerOptions } from "../plugin-handler.js";
import { readText, requireJsonContentType } from "../request-body.js";
import { failedAnswer } from "../service-types/answer-caps.js";
import { type AnswerForm, answerForms, negotiateForm } from "../service-types/answer-form.js";
import { chunksOf, linesOf } from "../service-types/answer-lines.js";
import { partsResponse } from "../service-types/answer-parts.js";
import { answerResponse, queryAnswer } from "../service-types/query-answer.js";
import { parseQueryRequest, refIdsOf } from "../service-types/query-request.js";
import { withRequestTimeout } from "../service-types/request-timeout.js";
import { runQueries } from "../service-types/run-queries.js";
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
  const groups = groupByDataSource(queries);
  const format = form === "json" ? DataFrameFormat.JSON : DataFrameFormat.ARROW;
  const parts = await mapAtMost(options.limits.concurrentQueries ?? defaultConcurrency, groups, async (group) => ({
    group,
    response: await runGroup(group, { request, namespace, format, options }),
  }));
  return respond(form, joinResponses(parts), refIdsOf(queries), options);
}

async function runGroup(
  group: QueryGroup,
  asked: { readonly request: HttpRequest; readonly namespace: string; readonly format: DataFrameFormat; readonly options: PluginHandlerOptions },
): Promise<QueryDataResponse> {
  const { request, namespace, format, options } = asked;
  try {
    const plugin = await pluginOfGroup(group, namespace, request, options);
    await requireQueryAllowed(plugin, group, namespace, request, options);
    return await runQueries({ request, ...options, plugin }, { namespace, uid: group.uid }, group.queries, format);
  } catch (thrown) {
    const { message, code, reason } = ApiError.from(thrown);
    if (reason === "InternalError") options.logger.error({ err: thrown, uid: group.uid }, "queries of a data source broke");
    const failed = failedAnswer({ error: message, errorSource: "plugin", status: code });
    return { responses: Object.fromEntries(refIdsOf(group.queries).map((refId) => [refId, failed])) };
  }
}

async function respond(
  form: AnswerForm,
  response: QueryDataResponse,
  asked: readonly string[],
  { limits }: Pick<PluginHandlerOptions, "limits">,
): Promise<HttpResponse> {
  switch (form) {
    case "json":
      return answerResponse(200, await queryAnswer(response, asked, limits));
    case "lines":
      return { status: 200, headers: { "content-type": answerForms.lines }, body: linesOf(chunksOf(response, asked), asked, limits) };
    case "arrow":
    case "csv":
      return partsResponse(form, response, { asked, caps: limits });
  }
}
