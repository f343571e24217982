import { dataPlaneUser, type RequestInfo, systemGroups, type UserInfo } from "@dataplane/meta";
import type { Authorizer, Decision, Rules } from "../authz/authorizer.js";
import { roleGroups } from "../authz/role-groups.js";

type Role = keyof typeof roleGroups;

const readVerbs: ReadonlySet<string> = new Set(["get", "list", "watch"]);

/** Settings with their secrets open. */
const internalTargets: ReadonlySet<string> = new Set(["datasources/plugincontext", "appsettings/plugincontext"]);

/** To query is to read: viewers may create these. */
const queryTargets: ReadonlySet<string> = new Set(["datasources/query", "connections/query", "queries/run"]);

/**
 * Three roles by group: a viewer reads and queries, an editor also writes namespaced objects, an admin does all. Only the data plane
 * itself reads a plugin's context, with its secrets. For tests of one package: a server decides by stored roles and bindings.
 */
export function fixedRoles(): Authorizer {
  return { authorize: (user, info) => decide(user, info), rules: ({ groups }) => rulesOf(roleOf({ groups })) };
}

function decide(user: UserInfo, info: RequestInfo): Decision {
  const target = info.subresource === "" ? info.resource : `${info.resource}/${info.subresource}`;
  if (internalTargets.has(target)) return user.name === dataPlaneUser.name ? yes : no("internal to the data plane");
  const role = roleOf(user);
  if (role === "admin") return yes;
  if (user.name === dataPlaneUser.name) return readVerbs.has(info.verb) ? yes : no("the data plane only reads");
  if (isSelfReview(info) && user.groups.includes(systemGroups.authenticated)) return yes;
  if (!info.isResourceRequest) return isDiscovery(info) && user.groups.includes(systemGroups.authenticated) ? yes : roleRules(role, info, target);
  return roleRules(role, info, target);
}

function roleRules(role: Role | undefined, info: RequestInfo, target: string): Decision {
  if (role === undefined) return no("");
  if (readVerbs.has(info.verb)) return isAdminPath(info) ? no("only admins may") : yes;
  if (info.verb === "create" && (queryTargets.has(target) || isQueryService(info))) return yes;
  if (!info.isResourceRequest) return isCheckedBehind(info) ? yes : no("");
  if (role === "editor" && info.namespace !== "" && info.resource !== "namespaces") return yes;
  return no("");
}

/** Queries of several data sources, each authorized again. The group's stored queries are written by editors. */
const isQueryService = ({ group, resource }: RequestInfo): boolean => group === "query.grafana.app" && resource === "query";

/** Anyone may ask about themselves. */
const isSelfReview = ({ group, resource, verb }: RequestInfo): boolean => verb === "create" && selfReviews.has(`${group}/${resource}`);

const selfReviews: ReadonlySet<string> = new Set([
  "authentication.k8s.io/selfsubjectreviews",
  "authorization.k8s.io/selfsubjectaccessreviews",
  "authorization.k8s.io/selfsubjectrulesreviews",
]);

/** Paths that name no group are authorized again, for each data source, app or channel that they reach. */
const isCheckedBehind = ({ path }: RequestInfo): boolean =>
  path === "/api/ds/query" ||
  path === "/api/live/publish" ||
  path.startsWith("/api/datasources/") ||
  /^\/api\/plugins\/[^/]+\/resources(?:\/|$)/.test(path);

const isAdminPath = ({ isResourceRequest, path }: RequestInfo): boolean =>
  !isResourceRequest && (path.startsWith("/debug/") || path.startsWith("/api/live/push/"));

function isDiscovery({ path, verb }: RequestInfo): boolean {
  if (verb !== "get" && verb !== "head") return false;
  if (path === "/" || path === "/version") return true;
  const [root = "", ...rest] = path.slice(1).split("/");
  return root === "openapi" || (root === "apis" && rest.length <= 2) || path === "/api" || path === "/api/v1";
}

function rulesOf(role: Role | undefined): Rules {
  const all = ["*"];
  if (role === "admin") return { resources: [{ verbs: all, groups: all, resources: all }], paths: [{ verbs: all, paths: all }] };
  const asking = { verbs: ["create"], groups: ["authentication.k8s.io", "authorization.k8s.io"], resources: [...selfReviews].map(nameOf) };
  const discovery = { verbs: ["get"], paths: ["/", "/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*", "/version"] };
  if (role === undefined) return { resources: [asking], paths: [discovery] };
  const reading = [
    { verbs: [...readVerbs], groups: all, resources: all },
    { verbs: ["create"], groups: all, resources: [...queryTargets] },
    { verbs: ["create"], groups: ["query.grafana.app"], resources: ["query"] },
  ];
  const writing = role === "editor" ? [{ verbs: all, groups: all, resources: all }] : [];
  return { resources: [asking, ...reading, ...writing], paths: [discovery, { verbs: ["get"], paths: all }] };
}

const nameOf = (groupResource: string): string => groupResource.slice(groupResource.indexOf("/") + 1);

function roleOf({ groups }: Pick<UserInfo, "groups">): Role | undefined {
  if (groups.includes(systemGroups.masters) || groups.includes(roleGroups.admin)) return "admin";
  if (groups.includes(roleGroups.editor)) return "editor";
  return groups.includes(roleGroups.viewer) ? "viewer" : undefined;
}

const yes: Decision = { allowed: true, reason: "" };
const no = (reason: string): Decision => ({ allowed: false, reason });
