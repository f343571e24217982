import type { Authorizer } from "@dataplane/apiserver";
import { ApiError, badRequest, type HttpRequest, notFound, type RequestInfo } from "@dataplane/meta";
import { ownGroupOf, ownGroupVersion, type Plugin, type PluginSource } from "@dataplane/plugin-host";
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

/** Throws Forbidden unless the caller may do `verb` on `datasources/<subresource>` of this data source, in its plugin's own group. */
export async function requireAllowed(
  request: HttpRequest,
  authorizer: Authorizer,
  asked: { readonly pluginId: string; readonly namespace: string; readonly uid: string; readonly verb: string; readonly subresource: string },
): Promise<void> {
  const { pluginId, namespace, uid, verb, subresource } = asked;
  const group = ownGroupOf(pluginId);
  if (group === undefined) throw notFound("datasources", uid);
  const segments = ["namespaces", namespace, "datasources", uid, subresource];
  const path = `/apis/${group}/${ownGroupVersion}/${segments.join("/")}`;
  const info: RequestInfo = {
    isResourceRequest: true,
    path,
    verb,
    group,
    version: ownGroupVersion,
    namespace,
    resource: "datasources",
    name: uid,
    subresource,
    segments,
  };
  const user = callerOf({ request });
  const { allowed, reason } = await authorizer.authorize(user, info);
  if (allowed) return;
  const what = `datasources.${group} ${JSON.stringify(uid)} is forbidden: User ${JSON.stringify(user.name)} cannot ${verb} resource "datasources/${subresource}"`;
  throw new ApiError("Forbidden", reason === "" ? what : `${what}: ${reason}`, { details: { name: uid, group, kind: "datasources" } });
}

/** The plugin of a data source that is named by its uid alone: a uid is unique in its namespace. Throws NotFound. */
export async function pluginOf(
  { plugins, contexts }: { readonly plugins: PluginSource; readonly contexts: PluginContexts },
  { namespace, uid }: { readonly namespace: string; readonly uid: string },
  request: HttpRequest,
): Promise<Plugin> {
  for (const plugin of plugins.list()) {
    if (plugin.json.type !== "datasource" || ownGroupOf(plugin.id) === undefined) continue;
    try {
      await contexts.forDataSource({ pluginId: plugin.id, namespace, uid }, callerOf({ request }), request.signal);
      return plugin;
    } catch (thrown) {
      if (!(thrown instanceof ApiError) || thrown.code !== 404) throw thrown;
    }
  }
  throw notFound("datasources", uid);
}
