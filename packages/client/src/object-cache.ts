import type { ApiObject } from "@dataplane/meta";
import type { InformerChange } from "./informer.js";

/** The objects of one resource as last seen, and what is new when more is seen. */
export class ObjectCache<T extends ApiObject> {
  #objects = new Map<string, T>();
  #list: readonly T[] | undefined;

  get(name: string, namespace = ""): T | undefined {
    return this.#objects.get(`${namespace}/${name}`);
  }

  list(): readonly T[] {
    this.#list ??= [...this.#objects.values()];
    return this.#list;
  }

  /** Takes a full list; gives the differences to what was known. */
  replace(items: readonly T[]): readonly InformerChange<T>[] {
    const before = this.#objects;
    this.#objects = new Map(items.map((item) => [keyOf(item), item]));
    this.#list = undefined;
    const changes: InformerChange<T>[] = [];
    for (const [key, previous] of before) {
      if (!this.#objects.has(key)) changes.push({ type: "deleted", object: previous, previous });
    }
    for (const [key, object] of this.#objects) changes.push(...difference(before.get(key), object));
    return changes;
  }

  put(object: T): readonly InformerChange<T>[] {
    const key = keyOf(object);
    const previous = this.#objects.get(key);
    this.#objects.set(key, object);
    this.#list = undefined;
    return difference(previous, object);
  }

  remove(object: T): readonly InformerChange<T>[] {
    const key = keyOf(object);
    const previous = this.#objects.get(key);
    if (previous === undefined) return [];
    this.#objects.delete(key);
    this.#list = undefined;
    return [{ type: "deleted", object, previous }];
  }
}

function difference<T extends ApiObject>(previous: T | undefined, object: T): readonly InformerChange<T>[] {
  if (previous === undefined) return [{ type: "added", object, previous }];
  // One of the same name but another uid is another object: the first one's deletion went by unseen.
  if (previous.metadata.uid !== object.metadata.uid) {
    return [
      { type: "deleted", object: previous, previous },
      { type: "added", object, previous: undefined },
    ];
  }
  return previous.metadata.resourceVersion === object.metadata.resourceVersion ? [] : [{ type: "modified", object, previous }];
}

const keyOf = ({ metadata }: ApiObject): string => `${metadata.namespace ?? ""}/${metadata.name}`;
