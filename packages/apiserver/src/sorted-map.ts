import { compareKeys, keyPosition } from "@dataplane/storage";

/** Text keys in the order of their UTF-8 bytes, as stores list them. Reads are a binary search; a new key moves the ones after it. */
export class SortedMap<T> {
  readonly #values = new Map<string, T>();
  #keys: string[] = [];

  get(key: string): T | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: T): void {
    if (!this.#values.has(key)) this.#keys.splice(keyPosition(this.#keys, key), 0, key);
    this.#values.set(key, value);
  }

  delete(key: string): void {
    if (this.#values.delete(key)) this.#keys.splice(keyPosition(this.#keys, key), 1);
  }

  replace(entries: readonly (readonly [string, T])[]): void {
    this.#values.clear();
    for (const [key, value] of entries) this.#values.set(key, value);
    this.#keys = [...this.#values.keys()].sort(compareKeys);
  }

  /** Values whose key begins with `prefix`, from the first key after `after`. */
  under(prefix: string, after?: string): readonly T[] {
    const values: T[] = [];
    const start = after === undefined ? prefix : `${after}\0`;
    for (let index = keyPosition(this.#keys, start); index < this.#keys.length; index++) {
      const key = this.#keys[index];
      if (key?.startsWith(prefix) !== true) break;
      const value = this.#values.get(key);
      if (value !== undefined) values.push(value);
    }
    return values;
  }
}
