/** A value that is exchanged while it is in use: who needs it reads `current` each time, or is told. */
export interface Live<T> {
  readonly current: T;
  /** Returns the way to stop that. */
  onChange(listener: (value: T) => void): () => void;
}

/** The side that exchanges it. */
export class LiveValue<T> implements Live<T> {
  #current: T;
  readonly #listeners = new Set<(value: T) => void>();

  constructor(first: T) {
    this.#current = first;
  }

  get current(): T {
    return this.#current;
  }

  /** An equal value, by `JSON.stringify`, tells nobody. */
  set(next: T): void {
    if (JSON.stringify(next) === JSON.stringify(this.#current)) return;
    this.#current = next;
    for (const listener of this.#listeners) listener(next);
  }

  onChange(listener: (value: T) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
