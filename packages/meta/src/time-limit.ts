import { LinkedAbort } from "./linked-abort.js";

export interface TimeLimitOptions {
  /** From now, in milliseconds; undefined for no limit. */
  readonly ms: number | undefined;
  /** Ends it too. */
  readonly signal?: AbortSignal | undefined;
  /** What the signal aborts with when the time is over; a DOMException named TimeoutError unless told. */
  readonly reason?: () => Error;
}

/** What timers of Node can wait at most; beyond it they end at once. */
const longestMs = 2 ** 31 - 1;

/**
 * A time that something may take. It keeps no process alive. Instead of AbortSignal.timeout, which AbortSignal.any may lose and which nobody can
 * end: here the timer ends with `stop` or `release`, so that a limit costs nothing once it is kept.
 */
export class TimeLimit {
  readonly #abort: LinkedAbort;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor({ ms, signal, reason = () => new DOMException("no answer in time", "TimeoutError") }: TimeLimitOptions) {
    this.#abort = new LinkedAbort(signal);
    if (ms === undefined || this.signal.aborted) return;
    const end = (): void => {
      // The outer signal may have been first: it stops no timer.
      if (this.signal.aborted) return;
      this.#isOver = true;
      this.#abort.abort(reason());
    };
    this.#timer = setTimeout(end, Math.min(Math.max(0, ms), longestMs)).unref();
  }

  /** Aborts when the time is over, and when the outer signal does. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Whether it was the time, and not the outer signal, that ended it. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** The time begins anew. */
  refresh(): void {
    if (!this.signal.aborted) this.#timer?.refresh();
  }

  /** Kept in time: what follows may take as long as it likes. The outer signal still ends it. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** All is done: neither the time nor the outer signal ends anything any more. */
  release(): void {
    this.stop();
    this.#abort.release();
  }
}
