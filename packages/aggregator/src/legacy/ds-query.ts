import type { HttpRequest, HttpResponse } from "@dataplane/meta";
import { joinCacheStatus, withCacheStatus } from "../query-cache/cache-status.js";
import { runSharedQueries } from "../query-cache/run-shared-queries.js";
import { groupByDataSource, joinResponses, mapAtMost, pluginOfGroup, requireQueryAllowed } from "../query-service/query-groups.js";
import { readText, requireJsonContentType } from "../request-body.js";
import { answerResponse, queryAnswer } from "../service-types/query-answer.js";
import { parseQueryRequest, refIdsOf } from "../service-types/query-request.js";
import { namespaceOf } from "./legacy-data-source.js";
import type { LegacyOptions, LegacyRoute } from "./legacy-handler.js";

/** `POST /api/ds/query`: queries of several data sources in one request; 400 when any result has an error. */
export const legacyQuery: LegacyRoute = { method: "POST", path: /^\/api\/ds\/query$/, handle: answerQueries };

async function answerQueries(request: HttpRequest, options: LegacyOptions): Promise<HttpResponse> {
  requireJsonContentType(request);
  const namespace = namespaceOf(request);
  const queries = parseQueryRequest(await readText(request, options.limits.bodyBytes), options.clock.now());
  const groups = await Promise.all(
    groupByDataSource(queries).map(async (group) => ({ group, plugin: await pluginOfGroup(group, namespace, request, options) })),
  );
  // All are authorized before any is asked.
  for (const { group, plugin } of groups) await requireQueryAllowed(plugin, group, namespace, request, options);
  const parts = await mapAtMost(options.limits.concurrentQueries ?? groups.length, groups, async ({ group, plugin }) => ({
    group,
    ...(await runSharedQueries({ request, ...options, plugin }, { namespace, uid: group.uid }, group.queries)),
  }));
  const answer = await queryAnswer(joinResponses(parts), refIdsOf(queries), options.limits);
  const status = joinCacheStatus(parts.map(({ cacheStatus }) => cacheStatus));
  return withCacheStatus(answerResponse(answer.failed ? 400 : 200, answer), status);
}
