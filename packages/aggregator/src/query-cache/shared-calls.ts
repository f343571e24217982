interface SharedCall<T> {
  readonly result: Promise<T>;
  readonly ending: AbortController;
  waiting: number;
}

/** What a call gave, and whether another caller had begun it. */
export interface SharedResult<T> {
  readonly result: T;
  readonly joined: boolean;
}

/** Identical calls in flight are one call. It is cancelled when nobody waits for it any more. */
export class SharedCalls<T> {
  readonly #calls = new Map<string, SharedCall<T>>();

  /** Rejects with what the call throws, and with the signal's reason when this caller gives up. */
  async run(key: string, signal: AbortSignal, call: (signal: AbortSignal) => Promise<T>): Promise<SharedResult<T>> {
    signal.throwIfAborted();
    const known = this.#calls.get(key);
    const shared = known ?? this.#begin(key, call);
    shared.waiting += 1;
    const result = await untilAborted(shared.result, signal, () => this.#leave(key, shared));
    return { result, joined: known !== undefined };
  }

  #begin(key: string, call: (signal: AbortSignal) => Promise<T>): SharedCall<T> {
    const ending = new AbortController();
    const begun = { result: call(ending.signal), ending, waiting: 0 };
    this.#calls.set(key, begun);
    const end = (): void => this.#forget(key, begun);
    // A failure is told to those who wait.
    begun.result.then(end, end);
    return begun;
  }

  #leave(key: string, shared: SharedCall<T>): void {
    shared.waiting -= 1;
    if (shared.waiting > 0) return;
    // Whoever comes now must not wait for a call that is cancelled.
    this.#forget(key, shared);
    shared.ending.abort();
  }

  #forget(key: string, shared: SharedCall<T>): void {
    if (this.#calls.get(key) === shared) this.#calls.delete(key);
  }
}

function untilAborted<T>(result: Promise<T>, signal: AbortSignal, leave: () => void): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      leave();
      const reason: unknown = signal.reason;
      reject(reason instanceof Error ? reason : new Error("aborted", { cause: reason }));
    };
    signal.addEventListener("abort", abort, { once: true });
    const done = (settle: () => void): void => {
      signal.removeEventListener("abort", abort);
      settle();
    };
    result.then(
      (value) => done(() => resolve(value)),
      (thrown: unknown) => done(() => reject(thrown instanceof Error ? thrown : new Error("failed", { cause: thrown }))),
    );
  });
}
