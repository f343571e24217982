import type { Decision } from "@dataplane/apiserver";
import { dataPlaneUser, type RequestInfo, systemGroups, type UserInfo } from "@dataplane/meta";

/** Settings with their secrets open. */
const internalTargets: ReadonlySet<string> = new Set(["datasources/plugincontext", "appsettings/plugincontext"]);

const readVerbs: ReadonlySet<string> = new Set(["get", "list", "watch"]);

/**
 * What no role gives and none takes away: the data plane's own reading, which nobody else may, the superusers of `system:masters`, and
 * paths that are authorized again for each thing that they reach. Undefined: the roles decide.
 */
export function builtInDecision(user: UserInfo, info: RequestInfo): Decision | undefined {
  if (isInternal(info)) return user.name === dataPlaneUser.name ? yes : no("internal to the data plane");
  if (user.groups.includes(systemGroups.masters)) return yes;
  if (user.name === dataPlaneUser.name) return readVerbs.has(info.verb) ? yes : no("the data plane only reads");
  return isCheckedBehind(info) && user.groups.includes(systemGroups.authenticated) ? yes : undefined;
}

const isInternal = ({ resource, subresource }: RequestInfo): boolean => internalTargets.has(`${resource}/${subresource}`);

/** They name no group, or a group that stands for others: each data source, app or channel in them is asked for in its own. */
function isCheckedBehind(info: RequestInfo): boolean {
  const { isResourceRequest, path } = info;
  if (isResourceRequest) return info.group === "query.grafana.app" && info.resource === "query" && info.verb === "create";
  return checkedPaths.has(path) || path.startsWith("/api/datasources/") || checkedPatterns.some((pattern) => pattern.test(path));
}

const checkedPaths: ReadonlySet<string> = new Set(["/api/ds/query", "/api/datasources", "/api/plugins", "/api/live/ws", "/api/live/publish"]);

const checkedPatterns = [/^\/api\/plugins\/[^/]+\/(?:resources(?:\/|$)|settings$|health$)/, /^\/api\/live\/info\//];

const yes: Decision = { allowed: true, reason: "" };
const no = (reason: string): Decision => ({ allowed: false, reason });
