import type { ApiObject } from "@dataplane/meta";
import type { Store } from "@dataplane/storage";
import { encode, StoredValue } from "./codec.js";
import { keyOf, type ServedResource } from "./define-resource.js";
import type { Hidden } from "./resource.js";
import type { WatchCache } from "./watch-cache.js";

/** The objects of one resource in the store. Writes that lose a race throw the store's RevisionConflict. */
export class ResourceStore {
  readonly #store: Store;
  readonly #cache: WatchCache;
  readonly #resource: ServedResource;

  constructor(resource: ServedResource, store: Store, cache: WatchCache) {
    this.#resource = resource;
    this.#store = store;
    this.#cache = cache;
  }

  /** The newest state, linearizable, whether the definition includes it or not. */
  async find(namespace: string, name: string): Promise<StoredValue | undefined> {
    const key = keyOf(this.#resource, namespace, name);
    const entry = await this.#store.get(key);
    if (entry === undefined) return undefined;
    const cached = this.#cache.get(key);
    // The cached one may be parsed already.
    return cached?.revision === entry.revision ? cached : new StoredValue(key, entry.revision, entry.value);
  }

  /** The newest state, if the definition lets it be seen. */
  async get(namespace: string, name: string): Promise<StoredValue | undefined> {
    const stored = await this.find(namespace, name);
    return stored?.shownBy(this.#resource).included === true ? stored : undefined;
  }

  /** Writes over `expected` (undefined: nothing is there). */
  async put(object: ApiObject, hidden: Hidden | undefined, expected: StoredValue | undefined): Promise<StoredValue> {
    const entry = await this.#store.put(this.#key(object), this.#encoded(object, hidden), {
      expected: expected?.revision ?? 0n,
      ...this.#expiry(object),
    });
    return new StoredValue(entry.key, entry.revision, entry.value);
  }

  /** What `put` would have stored, for dry runs. */
  preview(object: ApiObject, hidden: Hidden | undefined, expected: StoredValue | undefined): StoredValue {
    return new StoredValue(this.#key(object), expected?.revision ?? 0n, this.#encoded(object, hidden));
  }

  /** The revision of the removal. */
  async remove(stored: StoredValue): Promise<bigint> {
    const { revision } = await this.#store.delete(stored.key, stored.revision);
    return revision;
  }

  #key({ metadata }: ApiObject): string {
    return keyOf(this.#resource, metadata.namespace ?? "", metadata.name);
  }

  #encoded(object: ApiObject, hidden: Hidden | undefined): Uint8Array {
    const unproject = this.#resource.definition.storage?.unproject;
    return encode(unproject === undefined ? object : unproject(object), hidden);
  }

  #expiry(object: ApiObject): { readonly ttlSeconds?: number } {
    const ttlSeconds = this.#resource.definition.ttlSeconds?.(object);
    return ttlSeconds === undefined ? {} : { ttlSeconds };
  }
}
