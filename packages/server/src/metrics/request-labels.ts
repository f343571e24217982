import type { RequestInfo } from "@dataplane/meta";

export interface Labels {
  /** As kube-apiserver writes it: GET, LIST, WATCH, POST, PUT, PATCH, DELETE, DELETECOLLECTION. */
  readonly verb: string;
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly subresource: string;
}

export type RequestLabels = (info: RequestInfo | undefined, method: string) => Labels;

/** What is served here; asked at each request, so it must be quick. */
export interface Served {
  readonly hasResource: (group: string, version: string, resource: string) => boolean;
  /** Whether the data plane has a route in this group and version. */
  readonly hasRoutes: (group: string, version: string) => boolean;
}

const verbs: ReadonlyMap<string, string> = new Map([
  ["create", "POST"],
  ["update", "PUT"],
  ["get", "GET"],
  ["list", "LIST"],
  ["watch", "WATCH"],
  ["patch", "PATCH"],
  ["delete", "DELETE"],
  ["deletecollection", "DELETECOLLECTION"],
]);

const methods: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

const subresources: ReadonlySet<string> = new Set([
  ...["", "status", "scale", "finalize", "plugincontext"],
  ...["query", "health", "resources", "stream", "proxy", "access", "run"],
]);

/** The resources of the data plane's fixed paths. */
const dataPlaneResources: ReadonlySet<string> = new Set([
  ...["datasources", "connections", "queries", "health", "access", "resources", "stream", "metrics", "convert", "admission", "query"],
]);

const none = { group: "", version: "", resource: "", subresource: "" };

/**
 * Labels of a request, from what is served alone: a caller who makes up groups, resources or paths is counted under `unknown`, and
 * custom routes of plugins, whose paths hold anything, under `route`.
 */
export const requestLabels =
  ({ hasResource, hasRoutes }: Served): RequestLabels =>
  (info, method) => {
    if (info === undefined) return { ...none, verb: known(method) };
    if (!info.isResourceRequest) return { ...none, verb: known(method) };
    const { group, version, resource } = info;
    const verb = verbs.get(info.verb) ?? known(method);
    const subresource = subresources.has(info.subresource) ? info.subresource : "other";
    if (hasResource(group, version, resource)) return { verb, group, version, resource, subresource };
    if (!hasRoutes(group, version)) return { verb, group: "unknown", version: "", resource: "unknown", subresource: "" };
    if (dataPlaneResources.has(resource)) return { verb, group, version, resource, subresource };
    return { verb, group, version, resource: "route", subresource: "" };
  };

const known = (method: string): string => (methods.has(method) ? method : "other");
