/** Entries at which those that nobody needs are looked for. */
const sweepFrom = 1024;

/**
 * State by name, for as long as it says something. Names come from callers: whatever is idle is dropped when there are many, which
 * costs each new entry a constant share.
 */
export class BoundedEntries<T> {
  readonly #entries = new Map<string, T>();
  readonly #isIdle: (entry: T) => boolean;
  #sweepAt = sweepFrom;

  constructor(isIdle: (entry: T) => boolean) {
    this.#isIdle = isIdle;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(name: string): T | undefined {
    return this.#entries.get(name);
  }

  values(): Iterable<T> {
    return this.#entries.values();
  }

  set(name: string, entry: T): void {
    if (this.#entries.size >= this.#sweepAt) this.#sweep();
    this.#entries.set(name, entry);
  }

  delete(name: string): void {
    this.#entries.delete(name);
  }

  #sweep(): void {
    for (const [name, entry] of this.#entries) if (this.#isIdle(entry)) this.#entries.delete(name);
    this.#sweepAt = Math.max(sweepFrom, this.#entries.size * 2);
  }
}
