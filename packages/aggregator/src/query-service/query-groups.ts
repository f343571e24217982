import type { Authorizer } from "@dataplane/apiserver";
import { badRequest, type HttpRequest } from "@dataplane/meta";
import type { Plugin, PluginSource } from "@dataplane/plugin-host";
import type { DataResponse, QueryDataResponse } from "@dataplane/plugin-protocol";
import { pluginOf, requireAllowed } from "../legacy/legacy-data-source.js";
import { pluginMissing } from "../plugin-call-errors.js";
import type { PluginContexts } from "../plugin-contexts.js";
import { type ParsedQuery, refIdsOf } from "../service-types/query-request.js";

/** The queries of one data source among those of a request. */
export interface QueryGroup {
  readonly uid: string;
  /** The plugin's id, where the queries name it. */
  readonly type: string | undefined;
  readonly queries: readonly ParsedQuery[];
}

/** In the order of the first query of each. Throws BadRequest for a query that names no data source, or one under several types. */
export function groupByDataSource(queries: readonly ParsedQuery[]): readonly QueryGroup[] {
  const groups = new Map<string, ParsedQuery[]>();
  for (const query of queries) {
    const { uid } = query.datasource;
    if (uid === undefined) throw badRequest(`query ${JSON.stringify(query.query.refId)}: datasource.uid: required`);
    const group = groups.get(uid);
    if (group === undefined) groups.set(uid, [query]);
    else group.push(query);
  }
  return [...groups].map(([uid, grouped]) => ({ uid, type: typeOf(uid, grouped), queries: grouped }));
}

function typeOf(uid: string, queries: readonly ParsedQuery[]): string | undefined {
  const types = new Set(queries.flatMap(({ datasource: { type } }) => (type === undefined ? [] : [type])));
  if (types.size > 1) throw badRequest(`data source ${JSON.stringify(uid)} is named with several types: ${[...types].join(", ")}`);
  return [...types][0];
}

/** What of the server around it a request of several data sources needs. */
export interface GroupOptions {
  readonly plugins: PluginSource;
  readonly contexts: PluginContexts;
  readonly authorizer: Authorizer;
}

/** The plugin of a group. Throws ServiceUnavailable where it is not installed, NotFound where no plugin has such a data source. */
export async function pluginOfGroup({ uid, type }: QueryGroup, namespace: string, request: HttpRequest, options: GroupOptions): Promise<Plugin> {
  if (type === undefined) return pluginOf(options, { namespace, uid }, request);
  const plugin = options.plugins.get(type);
  if (plugin === undefined) throw pluginMissing(type);
  return plugin;
}

/** Throws Forbidden unless the caller may query the group's data source, in its plugin's own group of the API. */
export function requireQueryAllowed(
  plugin: Plugin,
  { uid }: QueryGroup,
  namespace: string,
  request: HttpRequest,
  { authorizer }: GroupOptions,
): Promise<void> {
  return requireAllowed(request, authorizer, { pluginId: plugin.id, namespace, uid, verb: "create", subresource: "query" });
}

/** The answers of several groups as one: a plugin's answer to a query of another group is left out. */
export function joinResponses(parts: readonly { readonly group: QueryGroup; readonly response: QueryDataResponse }[]): QueryDataResponse {
  const owners = new Map(parts.flatMap(({ group }) => refIdsOf(group.queries).map((refId) => [refId, group] as const)));
  const responses = new Map<string, DataResponse>();
  for (const { group, response } of parts) {
    for (const [refId, answer] of Object.entries(response.responses)) {
      if ((owners.get(refId) ?? group) === group) responses.set(refId, answer);
    }
  }
  return { responses: Object.fromEntries(responses) };
}

/** As many at once as `limit` says, results in the order of the items. */
export async function mapAtMost<T, R>(limit: number, items: readonly T[], map: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = [];
  const waiting = items.entries();
  const work = async (): Promise<void> => {
    for (const [index, item] of waiting) results[index] = await map(item);
  };
  await Promise.all(Array.from({ length: Math.min(Math.max(1, limit), items.length) }, work));
  return results;
}
