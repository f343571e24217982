import { type Clock, LinkedAbort } from "@dataplane/meta";

/** Lets callers wait for the next change of something. */
export class Changes {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  tell(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves at the next change, at the latest after `ms`. Rejects when the signal aborts. */
  async within(ms: number, signal: AbortSignal): Promise<void> {
    const done = new LinkedAbort(signal);
    const wake = (): void => done.abort();
    this.#waiting.add(wake);
    try {
      await this.#clock.sleep(ms, done.signal);
    } catch (error) {
      if (signal.aborted) throw error;
    } finally {
      done.release();
      this.#waiting.delete(wake);
    }
  }
}

/** Rejects when the signal aborts, and waits until then. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const abort = (): void => reject(new Error("aborted"));
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
  });
}
