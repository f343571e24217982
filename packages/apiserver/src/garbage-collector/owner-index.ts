import { isJsonObject, type JsonObject, type JsonValue, type OwnerReference } from "@dataplane/meta";
import type { StoredValue } from "../codec.js";

const marker = Buffer.from('"ownerReferences":[');

/** The owners of a stored object. Most have none: those are not even parsed. */
export function ownersOf(stored: StoredValue): readonly OwnerReference[] {
  if (!Buffer.from(stored.json.buffer, stored.json.byteOffset, stored.json.byteLength).includes(marker)) return [];
  const { ownerReferences } = stored.bare.metadata;
  const listed: unknown = ownerReferences ?? [];
  return Array.isArray(listed) ? (listed as readonly JsonValue[]).filter(isOwnerReference) : [];
}

const isOwnerReference = (value: JsonValue): value is JsonObject & OwnerReference =>
  isJsonObject(value) && ["apiVersion", "kind", "name", "uid"].every((field) => typeof value[field] === "string");

/** Which objects belong to which: keys of dependents by the uid of their owner. Only objects that have owners are in it. */
export class OwnerIndex {
  readonly #dependents = new Map<string, Set<string>>();
  readonly #owners = new Map<string, readonly OwnerReference[]>();
  /** Namespaces of owners that were seen to go, by uid, as long as something belongs to them. */
  readonly #gone = new Map<string, string>();

  /** Owners of the object at `key` from now on. */
  set(key: string, owners: readonly OwnerReference[]): void {
    const before = this.#owners.get(key) ?? [];
    if (owners.length === 0) this.#owners.delete(key);
    else this.#owners.set(key, owners);
    for (const { uid } of owners) {
      const dependents = this.#dependents.get(uid) ?? new Set();
      this.#dependents.set(uid, dependents.add(key));
    }
    for (const { uid } of before) if (!owners.some((it) => it.uid === uid)) this.#remove(uid, key);
  }

  ownersOf(key: string): readonly OwnerReference[] {
    return this.#owners.get(key) ?? [];
  }

  dependentsOf(uid: string): readonly string[] {
    return [...(this.#dependents.get(uid) ?? [])];
  }

  /** The object of that uid was deleted; gives its dependents. */
  ownerGone(uid: string, namespace: string): readonly string[] {
    if (this.#dependents.has(uid)) this.#gone.set(uid, namespace);
    return this.dependentsOf(uid);
  }

  /** Whether an owner was seen to go that objects of `namespace` may have: one of theirs, or one without a namespace. */
  isGone(uid: string, namespace: string): boolean {
    const its = this.#gone.get(uid);
    return its !== undefined && (its === "" || its === namespace);
  }

  keys(): readonly string[] {
    return [...this.#owners.keys()];
  }

  clear(): void {
    this.#dependents.clear();
    this.#owners.clear();
    this.#gone.clear();
  }

  #remove(uid: string, key: string): void {
    const dependents = this.#dependents.get(uid);
    dependents?.delete(key);
    if (dependents?.size !== 0) return;
    this.#dependents.delete(uid);
    this.#gone.delete(uid);
  }
}
