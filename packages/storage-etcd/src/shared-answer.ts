/** Asks for many at once: who comes while a question is under way shares the next one, so that no answer is older than its question. */
export class SharedAnswer<T> {
  readonly #ask: () => Promise<T>;
  #current: Promise<T> | undefined;
  #next: Promise<T> | undefined;

  constructor(ask: () => Promise<T>) {
    this.#ask = ask;
  }

  get(): Promise<T> {
    if (this.#current === undefined) return this.#start();
    const start = (): Promise<T> => this.#start();
    this.#next ??= this.#current.then(start, start);
    return this.#next;
  }

  #start(): Promise<T> {
    this.#next = undefined;
    const asked = this.#ask();
    this.#current = asked;
    const done = (): void => {
      if (this.#current === asked) this.#current = undefined;
    };
    asked.then(done, done);
    return asked;
  }
}
