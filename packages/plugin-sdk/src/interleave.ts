type Arrival<Item> = { readonly iterator: AsyncIterator<Item> } & (
  | { readonly result: IteratorResult<Item, unknown> }
  | { readonly failure: unknown }
);

/**
 * The items of several sources in the order in which they come, at most `limit` sources open at once, started in order. A source is asked
 * for its next item only after its last one was taken, so that a slow reader slows all of them. Throws what a source throws; stopping the
 * iteration stops every source.
 */
export async function* interleave<Item>(sources: readonly AsyncIterable<Item>[], limit: number): AsyncGenerator<Item> {
  const arrivals = new Arrivals<Item>();
  const waiting = sources.values();
  const openNext = (): void => {
    const { value } = waiting.next();
    if (value !== undefined) arrivals.ask(value[Symbol.asyncIterator]());
  };
  for (let opened = 0; opened < limit; opened += 1) openNext();
  try {
    while (arrivals.open.size > 0) {
      const arrival = await arrivals.next();
      if ("failure" in arrival) throw arrival.failure;
      const { iterator, result } = arrival;
      if (result.done === true) {
        arrivals.open.delete(iterator);
        openNext();
      } else {
        yield result.value;
        arrivals.ask(iterator);
      }
    }
  } finally {
    arrivals.close();
  }
}

/** A queue instead of a race of promises: a race would leave one more listener at a quiet source for every item of a lively one. */
class Arrivals<Item> {
  readonly open = new Set<AsyncIterator<Item>>();
  readonly #queue: Arrival<Item>[] = [];
  #wake: () => void = () => undefined;

  ask(iterator: AsyncIterator<Item>): void {
    this.open.add(iterator);
    iterator.next().then(
      (result: IteratorResult<Item, unknown>) => this.#arrive({ iterator, result }),
      (failure: unknown) => this.#arrive({ iterator, failure }),
    );
  }

  async next(): Promise<Arrival<Item>> {
    for (;;) {
      const arrival = this.#queue.shift();
      if (arrival !== undefined) return arrival;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Does not wait: a source that is in the middle of something ends when that is over. */
  close(): void {
    for (const iterator of this.open) void Promise.resolve(iterator.return?.()).catch(() => undefined);
  }

  #arrive(arrival: Arrival<Item>): void {
    this.#queue.push(arrival);
    this.#wake();
  }
}
