import { badRequest, type HttpRequest, type HttpResponse } from "@dataplane/meta";
import type { Plugin } from "@dataplane/plugin-host";
import { pluginMissing } from "../plugin-call-errors.js";
import { readText, requireJsonContentType } from "../request-body.js";
import { answerResponse, joinAnswers } from "../service-types/query-answer.js";
import { type ParsedQuery, parseQueryRequest } from "../service-types/query-request.js";
import { runQueries } from "../service-types/run-queries.js";
import { namespaceOf, pluginOf, requireAllowed } from "./legacy-data-source.js";
import type { LegacyOptions, LegacyRoute } from "./legacy-handler.js";

/** `POST /api/ds/query`: queries of several data sources in one request; 400 when any result has an error. */
export const legacyQuery: LegacyRoute = { method: "POST", path: /^\/api\/ds\/query$/, handle: answerQueries };

interface Group {
  readonly uid: string;
  readonly plugin: Plugin;
  readonly queries: readonly ParsedQuery[];
}

async function answerQueries(request: HttpRequest, options: LegacyOptions): Promise<HttpResponse> {
  requireJsonContentType(request);
  const namespace = namespaceOf(request);
  const queries = parseQueryRequest(await readText(request, options.limits.bodyBytes), options.clock.now());
  const groups = await Promise.all(byDataSource(queries).map((group) => withPlugin(group, request, options, namespace)));
  // All are authorized before any is asked.
  for (const { uid, plugin } of groups) {
    await requireAllowed(request, options.authorizer, { pluginId: plugin.id, namespace, uid, verb: "create", subresource: "query" });
  }
  const answers = await Promise.all(
    groups.map(({ uid, plugin, queries: asked }) => runQueries({ request, ...options, plugin }, { namespace, uid }, asked)),
  );
  const answer = joinAnswers(answers);
  return answerResponse(answer.failed ? 400 : 200, answer);
}

/** In the order of the first query of each. */
function byDataSource(queries: readonly ParsedQuery[]): readonly Omit<Group, "plugin">[] {
  const groups = new Map<string, ParsedQuery[]>();
  for (const query of queries) {
    const { uid } = query.datasource;
    if (uid === undefined) throw badRequest(`query ${JSON.stringify(query.query.refId)}: datasource.uid: required`);
    groups.set(uid, [...(groups.get(uid) ?? []), query]);
  }
  return [...groups].map(([uid, grouped]) => ({ uid, queries: grouped }));
}

async function withPlugin(group: Omit<Group, "plugin">, request: HttpRequest, options: LegacyOptions, namespace: string): Promise<Group> {
  const types = new Set(group.queries.flatMap(({ datasource: { type } }) => (type === undefined ? [] : [type])));
  const [type] = types;
  if (types.size > 1) throw badRequest(`data source ${JSON.stringify(group.uid)} is named with several types: ${[...types].join(", ")}`);
  if (type === undefined) return { ...group, plugin: await pluginOf(options, { namespace, uid: group.uid }, request) };
  const plugin = options.plugins.get(type);
  if (plugin === undefined) throw pluginMissing(type);
  return { ...group, plugin };
}
