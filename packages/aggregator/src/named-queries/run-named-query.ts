import type { ApiClient } from "@dataplane/client";
import {
  ApiError,
  badRequest,
  type HttpRequest,
  type HttpResponse,
  invalid,
  isJsonObject,
  type JsonObject,
  type RequestInfo,
  type UserInfo,
} from "@dataplane/meta";
import { loggingFailure } from "../log-failed-call.js";
import { methodNotAllowed } from "../method-not-allowed.js";
import { pluginMissing } from "../plugin-call-errors.js";
import type { PluginHandlerOptions } from "../plugin-handler.js";
import { queryServiceGroupVersion } from "../query-service/query-service.js";
import { readText, requireJsonContentType } from "../request-body.js";
import { parseQueryRequest } from "../service-types/query-request.js";
import { respondToQueries } from "../service-types/query-response.js";
import { callerOf } from "../service-types/run-queries.js";
import { type NamedQuery, namedQueriesRef, namedQueryFrom } from "./named-query.js";
import { bindParameters } from "./parameter-values.js";
import { substituted } from "./substitute.js";

/** Reads a named query through the API. Throws NotFound. */
export type ReadNamedQuery = (key: { readonly namespace: string; readonly name: string }, signal: AbortSignal) => Promise<NamedQuery>;

/** `client` acts as the data plane. */
export const namedQueryReader =
  (client: ApiClient): ReadNamedQuery =>
  async (key, signal) =>
    namedQueryFrom(await client.get(namedQueriesRef, key, signal));

/** True for `namespaces/<namespace>/queries/<name>/run`, whatever the method. */
export function isNamedQueryRun({ group, version, segments, resource, subresource }: RequestInfo): boolean {
  const isHere = group === queryServiceGroupVersion.group && version === queryServiceGroupVersion.version;
  return isHere && segments[0] === "namespaces" && segments.length === 5 && resource === "queries" && subresource === "run";
}

/**
 * `POST …/queries/<name>/run` with `{"parameters": {…}, "from", "to"}`: checks each parameter, puts them in, and answers as the query
 * route does. The filter has asked for `create` of `queries/run`; the query's own list says the rest. Throws Invalid with a cause for
 * each parameter that is wrong.
 */
export async function runNamedQuery(request: HttpRequest, info: RequestInfo, options: PluginHandlerOptions): Promise<HttpResponse> {
  if (request.method !== "POST") throw methodNotAllowed(request.method, "POST");
  const { readNamedQuery: read, limits, clock, plugins } = options;
  if (read === undefined) throw new ApiError("NotImplemented", "named queries are not served here");
  requireJsonContentType(request);
  const { namespace, name } = info;
  const named = await read({ namespace, name }, request.signal);
  await requireMayRun(named, { request, info, options });
  const body = bodyOf(await readText(request, limits.bodyBytes));
  const text = queriesOf(named, body, clock.now());
  const { type, uid } = named.datasource;
  const plugin = plugins.get(type);
  if (plugin === undefined) throw pluginMissing(type);
  const call = { request, ...options, plugin };
  return loggingFailure(call, respondToQueries(call, { namespace, uid }, parseQueryRequest(text, clock.now())));
}

function bodyOf(text: string): JsonObject {
  if (text.trim() === "") return {};
  try {
    const body: unknown = JSON.parse(text);
    if (isJsonObject(body)) return body;
  } catch (cause) {
    // V8's message quotes the body.
    throw badRequest("the body is no JSON", { cause });
  }
  throw badRequest("the body must be a JSON object");
}

/** The body of the query that is run, with the values of this run. */
function queriesOf(named: NamedQuery, { parameters = {}, from, to }: JsonObject, now: Date): string {
  if (!isJsonObject(parameters)) throw badRequest("parameters: must be an object");
  const bound = bindParameters(named.parameters, parameters, now);
  if ("causes" in bound) throw invalid("Query", queryServiceGroupVersion.group, named.name, bound.causes);
  const datasource = { type: named.datasource.type, uid: named.datasource.uid };
  // What a query says of its data source does not count: one was authorized, and that one is asked.
  const queries = named.queries.map((query) => ({ ...recordOf(substituted(query, bound.values)), datasource }));
  return JSON.stringify({ from: from ?? named.from, to: to ?? named.to, queries });
}

const recordOf = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});

async function requireMayRun(
  { name, allow }: NamedQuery,
  { request, info, options }: { readonly request: HttpRequest; readonly info: RequestInfo; readonly options: PluginHandlerOptions },
): Promise<void> {
  const user = callerOf({ request });
  if (allow === undefined || isListed(user, allow)) return;
  // Whoever may change the list may put himself on it.
  const { allowed } = await options.authorizer.authorize(user, { ...info, verb: "update", subresource: "", segments: info.segments.slice(0, 4) });
  if (allowed) return;
  const { group } = queryServiceGroupVersion;
  const message = `queries.${group} ${JSON.stringify(name)} is forbidden: User ${JSON.stringify(user.name)} is not among those who may run it`;
  throw new ApiError("Forbidden", message, { details: { name, group, kind: "queries" } });
}

const isListed = ({ name, groups }: UserInfo, { users, groups: listed }: NonNullable<NamedQuery["allow"]>): boolean =>
  users.includes(name) || groups.some((group) => listed.includes(group));
