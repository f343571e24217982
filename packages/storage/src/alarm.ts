import type { Clock } from "@dataplane/meta";

// Timers hold 31 bits of milliseconds, and a wall clock may be set: look again at least this often.
const longestSleepMs = 30_000;

/** Rings when the clock reaches a time; holds one time, the earliest asked for. */
export class Alarm {
  readonly #clock: Clock;
  readonly #ring: () => void;
  #due: number | undefined;
  #sleep: AbortController | undefined;

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock;
    this.#ring = ring;
  }

  /** Rings at `time` (milliseconds since the epoch) or before; asks for nothing when an earlier time is set. */
  setNoLaterThan(time: number): void {
    if (this.#due !== undefined && this.#due <= time) return;
    this.stop();
    this.#due = time;
    const sleep = new AbortController();
    this.#sleep = sleep;
    void this.#run(time, sleep.signal);
  }

  stop(): void {
    this.#sleep?.abort();
    this.#sleep = undefined;
    this.#due = undefined;
  }

  async #run(time: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      const left = time - this.#clock.now().getTime();
      if (left <= 0) break;
      try {
        await this.#clock.sleep(Math.min(left, longestSleepMs), signal);
      } catch {
        return;
      }
    }
    if (signal.aborted) return;
    this.#due = undefined;
    this.#sleep = undefined;
    this.#ring();
  }
}
