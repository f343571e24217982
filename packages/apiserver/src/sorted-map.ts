import { compareKeys, keyPosition, prefixEnd } from "@dataplane/storage";

/** Text keys in the order of their UTF-8 bytes, as stores list them. Reads are a binary search; a new key moves the ones after it. */
export class SortedMap<T> {
  readonly #byKey = new Map<string, T>();
  #keys: string[] = [];
  /** Of the keys, in their order. */
  #values: T[] = [];

  get(key: string): T | undefined {
    return this.#byKey.get(key);
  }

  set(key: string, value: T): void {
    const index = keyPosition(this.#keys, key);
    if (this.#byKey.has(key)) {
      this.#values[index] = value;
    } else {
      this.#keys.splice(index, 0, key);
      this.#values.splice(index, 0, value);
    }
    this.#byKey.set(key, value);
  }

  delete(key: string): void {
    if (!this.#byKey.delete(key)) return;
    const index = keyPosition(this.#keys, key);
    this.#keys.splice(index, 1);
    this.#values.splice(index, 1);
  }

  replace(entries: readonly (readonly [string, T])[]): void {
    this.#byKey.clear();
    for (const [key, value] of entries) this.#byKey.set(key, value);
    const sorted = [...this.#byKey].sort(([left], [right]) => compareKeys(left, right));
    this.#keys = sorted.map(([key]) => key);
    this.#values = sorted.map(([, value]) => value);
  }

  /** Values whose key begins with `prefix`, from the first key after `after`. */
  under(prefix: string, after?: string): readonly T[] {
    const end = prefixEnd(prefix);
    return this.#values.slice(
      keyPosition(this.#keys, after === undefined ? prefix : `${after}\0`),
      end === undefined ? this.#keys.length : keyPosition(this.#keys, end),
    );
  }
}
