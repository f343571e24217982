/**
 * Keys to work on, each once at a time, as Kubernetes' client-go queues them: a key that waits is not added again, and one
 * that is added while it is worked on waits until that is done, then once more.
 */
export class WorkQueue {
  /** To be worked on: those in `#waiting`, and those that must wait for their own processing. */
  readonly #dirty = new Set<string>();
  readonly #processing = new Set<string>();
  readonly #waiting = new Set<string>();

  /** How many are being worked on. */
  get processing(): number {
    return this.#processing.size;
  }

  add(key: string): void {
    if (this.#dirty.has(key)) return;
    this.#dirty.add(key);
    if (!this.#processing.has(key)) this.#waiting.add(key);
  }

  /** The key that has waited longest, now processing until `done`. */
  take(): string | undefined {
    const [key] = this.#waiting;
    if (key === undefined) return undefined;
    this.#waiting.delete(key);
    this.#dirty.delete(key);
    this.#processing.add(key);
    return key;
  }

  done(key: string): void {
    this.#processing.delete(key);
    if (this.#dirty.has(key)) this.#waiting.add(key);
  }

  /** How often each key must be done from now until all that was added is worked on. */
  outstanding(): Map<string, number> {
    const runs = new Map<string, number>();
    for (const key of [...this.#processing, ...this.#dirty]) runs.set(key, (runs.get(key) ?? 0) + 1);
    return runs;
  }
}
