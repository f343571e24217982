import type { Authorizer } from "@dataplane/apiserver";
import { ApiError, badRequest, type HttpRequest, notFound } from "@dataplane/meta";
import { ownGroupOf, type Plugin, type PluginSource } from "@dataplane/plugin-host";
import { type AskedOfDataSource, decideOnDataSource } from "../data-source-rights.js";
import { namespaceOfOrg } from "../org-id.js";
import type { PluginContexts } from "../plugin-contexts.js";
import { headerOf } from "../request-body.js";
import { callerOf } from "../service-types/run-queries.js";

/** The namespace that `X-Grafana-Org-Id` names; `default` without one. */
export function namespaceOf(request: HttpRequest): string {
  const orgId = headerOf(request, "x-grafana-org-id") ?? "1";
  const namespace = namespaceOfOrg(orgId);
  if (namespace === undefined) throw badRequest("X-Grafana-Org-Id: must be the number of an organisation");
  return namespace;
}

const verbs = new Map([
  ["GET", "get"],
  ["HEAD", "get"],
  ["OPTIONS", "get"],
  ["PUT", "update"],
  ["PATCH", "patch"],
  ["DELETE", "delete"],
]);

/** What a method asks for, as the paths with a group are authorized. */
export const verbOf = ({ method }: Pick<HttpRequest, "method">): string => verbs.get(method) ?? "create";

/** Throws Forbidden unless the caller may do `verb` on `datasources/<subresource>` of this data source, in its plugin's own group. */
export async function requireAllowed(request: HttpRequest, authorizer: Authorizer, asked: AskedOfDataSource): Promise<void> {
  const { allowed, reason } = await decideOnDataSource(callerOf({ request }), authorizer, asked);
  if (allowed) return;
  const { pluginId, uid, verb, subresource } = asked;
  const group = ownGroupOf(pluginId) ?? "";
  const { name } = callerOf({ request });
  const resource = subresource === "" ? "datasources" : `datasources/${subresource}`;
  const what = `datasources.${group} ${JSON.stringify(uid)} is forbidden: User ${JSON.stringify(name)} cannot ${verb} resource "${resource}"`;
  throw new ApiError("Forbidden", reason === "" ? what : `${what}: ${reason}`, { details: { name: uid, group, kind: "datasources" } });
}

/** The same question, answered. */
export async function isAllowed(request: HttpRequest, authorizer: Authorizer, asked: AskedOfDataSource): Promise<boolean> {
  return (await decideOnDataSource(callerOf({ request }), authorizer, asked)).allowed;
}

/** Which plugin the data source of a namespace and uid had when it was last asked for: where to look first, and no more. */
export type KnownOwners = Map<string, string>;

const maxOwners = 10_000;

export interface OwnerOptions {
  readonly plugins: PluginSource;
  readonly contexts: PluginContexts;
  /** Every plugin is asked in turn without it. */
  readonly owners?: KnownOwners;
}

/** The plugin of a data source that is named by its uid alone: a uid is unique in its namespace. Throws NotFound. */
export async function pluginOf(
  { plugins, contexts, owners = new Map() }: OwnerOptions,
  { namespace, uid }: { readonly namespace: string; readonly uid: string },
  request: HttpRequest,
): Promise<Plugin> {
  const key = `${namespace}/${uid}`;
  for (const plugin of lastFirst(plugins, owners.get(key))) {
    if (plugin.json.type !== "datasource" || ownGroupOf(plugin.id) === undefined) continue;
    try {
      await contexts.forDataSource({ pluginId: plugin.id, namespace, uid }, callerOf({ request }), request.signal);
      if (owners.size >= maxOwners) owners.clear();
      owners.set(key, plugin.id);
      return plugin;
    } catch (thrown) {
      if (!(thrown instanceof ApiError) || thrown.code !== 404) throw thrown;
    }
  }
  throw notFound("datasources", uid);
}

function* lastFirst(plugins: PluginSource, last: string | undefined): Iterable<Plugin> {
  const first = last === undefined ? undefined : plugins.get(last);
  if (first !== undefined) yield first;
  for (const plugin of plugins.list()) if (plugin.id !== first?.id) yield plugin;
}
