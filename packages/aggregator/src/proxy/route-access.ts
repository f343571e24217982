import { type Authorizer, roleGroups } from "@dataplane/apiserver";
import { ApiError, apiVersionOf, type GroupVersion, type RequestInfo, systemGroups, type UserInfo } from "@dataplane/meta";
import type { DataSourceRoute } from "./proxy-route.js";

const ranks: ReadonlyMap<string, number> = new Map([
  ["None", 0],
  ["Viewer", 1],
  ["Editor", 2],
  ["Admin", 3],
  ["Grafana Admin", 3],
]);

/** Viewer < Editor < Admin by the caller's groups; 0 for none. */
function rankOf({ groups }: UserInfo): number {
  if (groups.includes(systemGroups.masters) || groups.includes(roleGroups.admin)) return 3;
  if (groups.includes(roleGroups.editor)) return 2;
  return groups.includes(roleGroups.viewer) ? 1 : 0;
}

/** What of the call decides over a route. */
export interface RouteCaller {
  readonly user: UserInfo;
  readonly authorizer: Authorizer;
  readonly pluginId: string;
  readonly groupVersion: GroupVersion;
  readonly namespace: string;
  readonly uid: string;
}

/**
 * All that a route asks for must hold: `reqSignedIn`, `reqRole`, `reqAction`. Throws ApiError Unauthorized or Forbidden. That the caller
 * may use the proxy at all was decided before.
 */
export async function requireRouteAccess(route: DataSourceRoute, caller: RouteCaller): Promise<void> {
  const { user, authorizer } = caller;
  if (route.requiresSignIn && user.groups.includes(systemGroups.unauthenticated)) {
    throw new ApiError("Unauthorized", "the plugin's route needs a login");
  }
  const required = route.requiredRole === "" ? 0 : (ranks.get(route.requiredRole) ?? 4);
  if (rankOf(user) < required) throw new ApiError("Forbidden", `the plugin's route is for role ${JSON.stringify(route.requiredRole)}`);
  if (route.requiredAction === "") return;
  const { allowed } = await authorizer.authorize(user, infoOfAction(route.requiredAction, caller));
  if (!allowed) throw new ApiError("Forbidden", `the plugin's route needs the right to ${JSON.stringify(route.requiredAction)}`);
}

const verbs: ReadonlyMap<string, string> = new Map([
  ["read", "get"],
  ["write", "update"],
]);

/**
 * Grafana's action as the API says it. `datasources:query` is create of `datasources/query`, other `datasources:<verb>` are about the data
 * source itself; `<plugin id>.<things>:<verb>` is that verb on the resource `<things>` of the plugin's group. `read` is get, `write` update.
 */
function infoOfAction(action: string, { groupVersion, namespace, uid, pluginId }: RouteCaller): RequestInfo {
  const [subject = "", word = ""] = action.split(":", 2);
  const isQuery = subject === "datasources" && word === "query";
  const resource = subject.startsWith(`${pluginId}.`) ? subject.slice(pluginId.length + 1) : subject;
  const name = subject === "datasources" ? uid : "";
  const segments = ["namespaces", namespace, resource, ...(name === "" ? [] : [name]), ...(isQuery ? ["query"] : [])];
  return {
    isResourceRequest: true,
    path: `/apis/${apiVersionOf(groupVersion)}/${segments.join("/")}`,
    verb: isQuery ? "create" : (verbs.get(word) ?? word),
    ...groupVersion,
    namespace,
    resource,
    name,
    subresource: isQuery ? "query" : "",
    segments,
  };
}
