import type { ApiObject } from "@dataplane/meta";
import type { Store } from "@dataplane/storage";
import { encode, StoredValue } from "./codec.js";
import { convertedBy, convertStored } from "./conversion/convert-stored.js";
import { keyOf, type ServedResource } from "./define-resource.js";
import type { Hidden } from "./resource.js";
import type { WatchCache } from "./watch-cache.js";

/** The objects of one resource in the store. Writes that lose a race throw the store's RevisionConflict. */
export class ResourceStore {
  readonly #store: Store;
  readonly #cache: WatchCache;
  readonly #resource: ServedResource;
  readonly #signal: AbortSignal;

  /** `signal` ends conversions that are waited for. */
  constructor(resource: ServedResource, store: Store, cache: WatchCache, signal: AbortSignal = new AbortController().signal) {
    this.#resource = resource;
    this.#signal = signal;
    this.#store = store;
    this.#cache = cache;
  }

  /** The newest state, linearizable, whether the definition includes it or not. */
  async find(namespace: string, name: string): Promise<StoredValue | undefined> {
    // It is in memory, and parsed perhaps, as soon as all that was written before now is: no database has to be read for it.
    await this.#cache.fresh();
    return this.#cache.get(keyOf(this.#resource, namespace, name));
  }

  /** The newest state, if the definition lets it be seen, converted to its version. Throws what conversions throw. */
  async get(namespace: string, name: string): Promise<StoredValue | undefined> {
    const stored = await this.find(namespace, name);
    if (stored?.shownBy(this.#resource).included !== true) return undefined;
    await convertStored(this.#resource, [stored], this.#signal);
    return stored;
  }

  /** The same as it was when the cache last heard of the store. */
  async cached(namespace: string, name: string): Promise<StoredValue | undefined> {
    const stored = this.#cache.get(keyOf(this.#resource, namespace, name));
    if (stored?.shownBy(this.#resource).included !== true) return undefined;
    await convertStored(this.#resource, [stored], this.#signal);
    return stored;
  }

  /** Writes over `expected` (undefined: nothing is there), in the version that is stored now. Throws what conversions throw. */
  async put(object: ApiObject, hidden: Hidden | undefined, expected: StoredValue | undefined): Promise<StoredValue> {
    const value = await this.#inStorageVersion(object, hidden);
    const entry = await this.#store.put(this.#key(object), value, { expected: expected?.revision ?? 0n, ...this.#expiry(object) });
    const stored = new StoredValue(entry.key, entry.revision, entry.value);
    await convertStored(this.#resource, [stored], this.#signal);
    return stored;
  }

  /** What `put` would have stored, for dry runs; in the definition's own version. */
  preview(object: ApiObject, hidden: Hidden | undefined, expected: StoredValue | undefined): StoredValue {
    const { definition, shape = "" } = this.#resource;
    const writtenAs = definition.versioned === undefined ? undefined : { version: definition.version, shape };
    return new StoredValue(this.#key(object), expected?.revision ?? 0n, encode(this.#unprojected(object), hidden, writtenAs));
  }

  /** True when a write that changes nothing is still a write: the value is in another version than is stored now, or in another shape. */
  isOutdated(stored: StoredValue): boolean {
    const { versioned } = this.#resource.definition;
    if (versioned === undefined) return false;
    return stored.writtenAs?.version !== versioned.storageVersion || (!stored.shownBy(this.#resource).isAsStored && this.#isStorageVersion);
  }

  /** The revision of the removal. */
  async remove(stored: StoredValue): Promise<bigint> {
    const { revision } = await this.#store.delete(stored.key, stored.revision);
    return revision;
  }

  get #isStorageVersion(): boolean {
    const { versioned, version } = this.#resource.definition;
    return versioned === undefined || versioned.storageVersion === version;
  }

  #key({ metadata }: ApiObject): string {
    return keyOf(this.#resource, metadata.namespace ?? "", metadata.name);
  }

  async #inStorageVersion(object: ApiObject, hidden: Hidden | undefined): Promise<Uint8Array> {
    const { definition, shape = "" } = this.#resource;
    const { versioned, version, group } = definition;
    const unprojected = this.#unprojected(object);
    if (versioned === undefined) return encode(unprojected, hidden);
    const { storageVersion, converter } = versioned;
    if (this.#isStorageVersion) return encode(unprojected, hidden, { version, shape });
    const converted =
      converter === undefined ? unprojected : await convertedBy(converter, unprojected, { group, version: storageVersion }, this.#signal);
    // Of no shape that is known here: the schema of that version has yet to see it.
    return encode(converted, hidden, { version: storageVersion, shape: "" });
  }

  #unprojected(object: ApiObject): ApiObject {
    return this.#resource.definition.storage?.unproject?.(object) ?? object;
  }

  #expiry(object: ApiObject): { readonly ttlSeconds?: number } {
    const ttlSeconds = this.#resource.definition.ttlSeconds?.(object);
    return ttlSeconds === undefined ? {} : { ttlSeconds };
  }
}
