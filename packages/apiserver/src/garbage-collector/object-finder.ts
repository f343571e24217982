import { apiVersionOf, type OwnerReference } from "@dataplane/meta";
import type { StoredValue } from "../codec.js";
import { keyOf, keyPrefixOf, type ServedResource } from "../define-resource.js";
import type { ResourceRegistry } from "../registry.js";
import type { WatchCache } from "../watch-cache.js";

/** An object of the store with a resource that serves it. */
export interface FoundObject {
  readonly resource: ServedResource;
  readonly stored: StoredValue;
}

/** Finds objects by key or by reference among what the registry serves. Views are no homes of objects. */
export class ObjectFinder {
  readonly #registry: ResourceRegistry;
  readonly #cache: WatchCache;
  #byPrefix = new Map<string, ServedResource>();
  #generation = -1;

  constructor(registry: ResourceRegistry, cache: WatchCache) {
    this.#registry = registry;
    this.#cache = cache;
  }

  at(key: string): FoundObject | undefined {
    const stored = this.#cache.get(key);
    const resource = this.#resourceOf(key);
    return stored === undefined || resource === undefined ? undefined : { resource, stored };
  }

  /**
   * The owner that a dependent names: `absent` when there is none of that uid, `unknown` when that cannot be told: its kind is not served
   * (now), or has namespaces and the dependent has none. An owner is cluster-scoped, or in the namespace of its dependent.
   */
  owner({ apiVersion, kind, name, uid }: OwnerReference, namespace: string): FoundObject | "absent" | "unknown" {
    const resource = this.#registry
      .resources()
      .find(({ definition }) => apiVersionOf(definition) === apiVersion && definition.kind === kind && definition.review === undefined);
    if (resource === undefined) return "unknown";
    if (resource.definition.scope === "namespaced" && namespace === "") return "unknown";
    const stored = this.#cache.get(keyOf(resource, namespace, name));
    return stored?.bare.metadata.uid === uid && stored.shownBy(resource).included ? { resource, stored } : "absent";
  }

  #resourceOf(key: string): ServedResource | undefined {
    if (this.#registry.generation !== this.#generation) {
      this.#generation = this.#registry.generation;
      const canonical = this.#registry.resources().filter(({ definition }) => definition.canonical !== false && definition.review === undefined);
      // Of the versions of a kind the one that is stored: nothing has to be converted, which may fail.
      const storedLast = canonical.toSorted((a, b) => Number(isStored(a)) - Number(isStored(b)));
      this.#byPrefix = new Map(storedLast.map((resource) => [keyPrefixOf(resource, ""), resource]));
    }
    // Prefixes have two segments: "/<group>/<plural>/", or fewer where a definition says so.
    for (let end = key.indexOf("/", 1); end >= 0; end = key.indexOf("/", end + 1)) {
      const found = this.#byPrefix.get(key.slice(0, end + 1));
      if (found !== undefined && this.#includes(found, key)) return found;
    }
    return undefined;
  }

  #includes(resource: ServedResource, key: string): boolean {
    const stored = this.#cache.get(key);
    return stored?.shownBy(resource).included === true;
  }
}

const isStored = ({ definition: { versioned, version } }: ServedResource): boolean => versioned?.storageVersion === version;
