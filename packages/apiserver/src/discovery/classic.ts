import { apiVersionOf, type JsonObject } from "@dataplane/meta";
import type { MergedGroup, MergedVersion } from "./merged-groups.js";

/** `/`: where to look further, in the order of the alphabet. */
export const rootPaths = (groups: readonly MergedGroup[]): readonly string[] =>
  [
    ...["/api", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"],
    ...groups.flatMap(({ group, versions }) => [
      ...(group === "" ? [] : [`/apis/${group}`]),
      ...versions.map(({ version }) => (group === "" ? `/api/${version}` : `/apis/${group}/${version}`)),
    ]),
  ].sort();

/** `/api`: the versions of the core group. */
export const apiVersions = (groups: readonly MergedGroup[]): JsonObject => ({
  kind: "APIVersions",
  versions: (groups.find(({ group }) => group === "")?.versions ?? []).map(({ version }) => version),
  serverAddressByClientCIDRs: [],
});

/** `/apis`: all other groups. */
export const apiGroupList = (groups: readonly MergedGroup[]): JsonObject => ({
  kind: "APIGroupList",
  apiVersion: "v1",
  groups: groups.filter(({ group }) => group !== "").map(apiGroup),
});

/** `/apis/<group>`, without its kind. */
export function apiGroup({ group, versions }: MergedGroup): JsonObject {
  const all = versions.map(({ version }) => ({ groupVersion: apiVersionOf({ group, version }), version }));
  const [preferred] = all;
  return { name: group, versions: all, ...(preferred === undefined ? {} : { preferredVersion: preferred }) };
}

/** `/api/v1` and `/apis/<group>/<version>`. */
export const apiResourceList = (group: string, { version, resources }: MergedVersion): JsonObject => ({
  kind: "APIResourceList",
  apiVersion: "v1",
  groupVersion: apiVersionOf({ group, version }),
  resources: resources.map(({ name, singularName, kind, responseKind, namespaced, verbs, shortNames, categories, storageVersionHash }) => ({
    name,
    singularName,
    namespaced,
    ...(responseKind === undefined ? {} : { group: responseKind.group, version: responseKind.version }),
    kind,
    verbs,
    ...(shortNames === undefined ? {} : { shortNames }),
    ...(categories === undefined ? {} : { categories }),
    ...(storageVersionHash === undefined ? {} : { storageVersionHash }),
  })),
});
