import type { Clock } from "@dataplane/meta";

// What a timer can hold.
const longestMs = 2 ** 31 - 1;

/** Hands keys on after their time; of two times for one key the earlier counts. */
export class Delays {
  readonly #clock: Clock;
  readonly #due: (key: string) => void;
  readonly #pending = new Map<string, { readonly time: number; readonly cancel: AbortController }>();
  #stopped = false;

  constructor(clock: Clock, due: (key: string) => void) {
    this.#clock = clock;
    this.#due = due;
  }

  after(key: string, ms: number): void {
    if (this.#stopped) return;
    const delay = Math.min(Math.max(ms, 0), longestMs);
    const time = this.#clock.now().getTime() + delay;
    const pending = this.#pending.get(key);
    if (pending !== undefined && pending.time <= time) return;
    pending?.cancel.abort();
    const cancel = new AbortController();
    this.#pending.set(key, { time, cancel });
    void this.#wait(key, delay, cancel.signal);
  }

  /** Drops what is pending and takes nothing more. */
  stop(): void {
    this.#stopped = true;
    for (const { cancel } of this.#pending.values()) cancel.abort();
    this.#pending.clear();
  }

  async #wait(key: string, ms: number, signal: AbortSignal): Promise<void> {
    try {
      await this.#clock.sleep(ms, signal);
    } catch {
      return;
    }
    if (signal.aborted) return;
    this.#pending.delete(key);
    this.#due(key);
  }
}
