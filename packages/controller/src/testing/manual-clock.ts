import type { Clock } from "@dataplane/meta";

/** A clock that a test turns by hand. */
export class ManualClock implements Clock {
  #now = Date.UTC(2026, 0, 1);
  readonly #sleepers = new Set<{ readonly time: number; readonly resolve: () => void }>();

  /** How many sleep. */
  get sleeping(): number {
    return this.#sleepers.size;
  }

  now(): Date {
    return new Date(this.#now);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = (): void => {
        signal?.removeEventListener("abort", abort);
        resolve();
      };
      const sleeper = { time: this.#now + ms, resolve: wake };
      this.#sleepers.add(sleeper);
      const abort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(new Error("aborted"));
      };
      if (signal?.aborted === true) abort();
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** Moves time on, wakes whoever's time has come, in order, and lets each run until it waits again. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const [next] = [...this.#sleepers].filter(({ time }) => time <= end).sort((a, b) => a.time - b.time);
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.time);
      this.#sleepers.delete(next);
      next.resolve();
      await settled();
    }
    this.#now = end;
    await settled();
  }
}

/** When all that can go on without time or input has gone on. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
