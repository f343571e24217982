import type { JsonObject, JsonValue } from "@dataplane/meta";
import type { DiscoveredResource } from "../api-source.js";
import type { MergedGroup, MergedVersion } from "./merged-groups.js";

/** All groups with all their resources in one document (https://kubernetes.io/docs/concepts/overview/kubernetes-api/#aggregated-discovery). */
export const aggregatedDiscovery = (groups: readonly MergedGroup[], version: "v2" | "v2beta1"): JsonObject => ({
  kind: "APIGroupDiscoveryList",
  apiVersion: `apidiscovery.k8s.io/${version}`,
  metadata: {},
  items: groups.map(({ group, versions }) => ({
    metadata: { ...(group === "" ? {} : { name: group }), creationTimestamp: null },
    versions: versions.map((it) => groupVersion(group, it)),
  })),
});

const groupVersion = (group: string, { version, freshness, resources }: MergedVersion): JsonObject => ({
  version,
  freshness,
  resources: parents(resources).map((parent) => ({
    ...describe(group, version, parent),
    ...withSubresources(group, version, parent.name, resources),
  })),
});

/** A resource that is known by its subresources alone has no verbs of its own. */
function parents(resources: readonly DiscoveredResource[]): readonly DiscoveredResource[] {
  const own = new Map(resources.filter(({ name }) => !name.includes("/")).map((resource) => [resource.name, resource]));
  for (const { name, kind, namespaced } of resources) {
    const [parent = ""] = name.split("/");
    if (!own.has(parent)) own.set(parent, { name: parent, singularName: "", kind, namespaced, verbs: [] });
  }
  return [...own.values()];
}

const describe = (group: string, version: string, resource: DiscoveredResource): JsonObject => ({
  resource: resource.name,
  responseKind: responseKind(group, version, resource),
  scope: resource.namespaced ? "Namespaced" : "Cluster",
  singularResource: resource.singularName,
  verbs: resource.verbs,
  ...(resource.shortNames === undefined ? {} : { shortNames: resource.shortNames }),
  ...(resource.categories === undefined ? {} : { categories: resource.categories }),
});

const responseKind = (group: string, version: string, resource: DiscoveredResource): JsonValue => ({
  group: resource.responseKind?.group ?? group,
  version: resource.responseKind?.version ?? version,
  kind: resource.kind,
});

function withSubresources(group: string, version: string, parent: string, resources: readonly DiscoveredResource[]): JsonObject {
  const subresources = resources
    .filter(({ name }) => name.startsWith(`${parent}/`))
    .map((it) => ({ subresource: it.name.slice(parent.length + 1), responseKind: responseKind(group, version, it), verbs: it.verbs }));
  return subresources.length === 0 ? {} : { subresources };
}
