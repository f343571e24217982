import type { GroupVersion, JsonObject } from "@dataplane/meta";
import type { Priority } from "./discovery/served-priority.js";

/** One entry of a group/version's resource list: a resource, or a subresource (`datasources/query`). */
export interface DiscoveredResource {
  readonly name: string;
  readonly singularName: string;
  readonly kind: string;
  /** Group and version of `kind` where it is not the list's own. */
  readonly responseKind?: { readonly group: string; readonly version: string };
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /** Tells in which version objects are stored, for those who migrate them; of stored resources. */
  readonly storageVersionHash?: string;
}

/** What one source serves in one group/version. */
export interface ServedGroupVersion extends GroupVersion {
  readonly resources: readonly DiscoveredResource[];
  /** OpenAPI v3 `paths` and `components.schemas` of this group/version. */
  readonly openapi: { readonly paths: JsonObject; readonly schemas: JsonObject };
  /** Stale: listed though its backend is away. */
  readonly freshness: "Current" | "Stale";
  /** Where an APIService ranks it, `groupPriorityMinimum` and `versionPriority`; as Kubernetes ranks what it serves itself unless told. */
  readonly priority?: Priority;
}

/**
 * Someone who serves groups: the registry of resources, the data plane's routes, the APIServices. Discovery and OpenAPI merge all
 * sources: where two share a group/version its resource list shows both.
 */
export interface ApiSource {
  served(): readonly ServedGroupVersion[];
  /** Grows when `served()` changes; discovery caches by it. */
  readonly generation: number;
}
