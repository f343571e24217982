import type { ResourceRef } from "@dataplane/client";
import type { ApiSource } from "../api-source.js";
import type { ResourceRegistry } from "../registry.js";

/** A kind of objects that a namespace may hold. */
export interface ContentKind {
  readonly ref: ResourceRef;
  readonly canDeleteCollections: boolean;
}

export interface NamespaceContents {
  readonly kinds: readonly ContentKind[];
  /** Group and version of those that are known of and do not answer now: nothing waits for them. */
  readonly unreachable: readonly string[];
}

/** What namespaced kinds are served, each once: in one of its versions, and not as a view of another kind. */
export function namespaceContents(sources: readonly ApiSource[], registry: ResourceRegistry): NamespaceContents {
  const kinds = new Map<string, ContentKind>();
  const unreachable: string[] = [];
  for (const { group, version, resources, freshness } of sources.flatMap((source) => source.served())) {
    if (freshness === "Stale") {
      unreachable.push(`${group}/${version}`);
      continue;
    }
    for (const { name, namespaced, verbs } of resources) {
      if (!namespaced || name.includes("/") || !verbs.includes("list") || !verbs.includes("delete")) continue;
      const definition = registry.get(group, version, name);
      if (definition?.canonical === false) continue;
      // Kinds that share a place in the store are one: events of both groups, versions of a kind.
      const home = definition?.storage?.prefix ?? `${group}/${name}`;
      // In the version that is stored nothing has to be converted, which may fail.
      const isStored = definition?.versioned?.storageVersion === version;
      if (kinds.has(home) && !isStored) continue;
      kinds.set(home, { ref: { group, version, resource: name, namespaced: true }, canDeleteCollections: verbs.includes("deletecollection") });
    }
  }
  return { kinds: [...kinds.values()], unreachable };
}
