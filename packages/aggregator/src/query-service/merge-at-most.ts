/**
 * What several sources give, each thing as it comes, from as many sources at once as `limit` says. A source is asked for its next only
 * after what it gave was taken, so whoever takes slowly holds all of them back. Ends when all have ended; throws what a source throws.
 */
export async function* mergeAtMost<T>(limit: number, sources: readonly AsyncIterable<T>[]): AsyncGenerator<T> {
  const merge = new Merge(sources);
  try {
    for (let started = 0; started < Math.max(1, limit); started++) merge.start();
    while (merge.isActive) {
      const { iterator, result } = await merge.next();
      if (result.done === true) {
        merge.end(iterator);
        continue;
      }
      yield result.value;
      merge.ask(iterator);
    }
  } finally {
    merge.leave();
  }
}

interface Step<T> {
  readonly iterator: AsyncIterator<T>;
  readonly result: IteratorResult<T>;
}

class Merge<T> {
  readonly #waiting: AsyncIterable<T>[];
  readonly #active = new Set<AsyncIterator<T>>();
  /** What has come and was not taken. Racing the sources would pile up a listener on the slow ones for each thing of a fast one. */
  readonly #arrived: (Step<T> | { readonly thrown: unknown })[] = [];
  #wake = (): void => undefined;

  constructor(sources: readonly AsyncIterable<T>[]) {
    this.#waiting = [...sources];
  }

  get isActive(): boolean {
    return this.#active.size > 0;
  }

  start(): void {
    const iterator = this.#waiting.shift()?.[Symbol.asyncIterator]();
    if (iterator === undefined) return;
    this.#active.add(iterator);
    this.ask(iterator);
  }

  ask(iterator: AsyncIterator<T>): void {
    iterator.next().then(
      (result) => this.#arrive({ iterator, result }),
      (thrown: unknown) => this.#arrive({ thrown }),
    );
  }

  async next(): Promise<Step<T>> {
    for (;;) {
      const step = this.#arrived.shift();
      if (step === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      } else if ("thrown" in step) throw step.thrown;
      else return step;
    }
  }

  end(iterator: AsyncIterator<T>): void {
    this.#active.delete(iterator);
    this.start();
  }

  /** Ends what is open. A source that still waits for its next ends after that; nobody needs to wait with it. */
  leave(): void {
    for (const iterator of this.#active) iterator.return?.().catch(() => undefined);
  }

  #arrive(step: Step<T> | { readonly thrown: unknown }): void {
    this.#arrived.push(step);
    this.#wake();
  }
}
