const failuresToOpen = 5;
const firstWaitMs = 5000;
const longestWaitMs = 60_000;

/**
 * How a call ended: `away` when the backend or the connection to it ended, `late` when it did not answer in time, `neither` when the call
 * says nothing about the backend.
 */
export type Outcome = "worked" | "away" | "late" | "neither";

/** Of one call. `trial` as `start` gave it. */
export interface CallTimes {
  readonly trial: boolean;
  readonly startedMs: number;
  readonly endMs: number;
}

/** The breaker of one backend, open after five failures in a row. Times are milliseconds of one clock. */
export class Breaker {
  #failures = 0;
  #lastFailureMs = Number.NEGATIVE_INFINITY;
  #waitMs = 0;
  #openUntilMs = 0;
  #trying = false;

  get isOpen(): boolean {
    return this.#waitMs > 0;
  }

  /** Nothing is known against the backend. */
  get isSound(): boolean {
    return this.#failures === 0 && !this.isOpen;
  }

  /** How long it stays open since the last failure; 0 when it is closed. */
  get waitMs(): number {
    return this.#waitMs;
  }

  /** Of the last failure that counted. */
  get lastFailureMs(): number {
    return this.#lastFailureMs;
  }

  /** Milliseconds for which calls fail at once; 0 when one may be made. A trial under way is waited for. */
  refusedForMs(nowMs: number): number {
    if (!this.isOpen) return 0;
    return this.#trying ? Math.max(1, this.#openUntilMs - nowMs) : Math.max(0, this.#openUntilMs - nowMs);
  }

  /** A call starts that `refusedForMs` let through. True when it is the trial of an open breaker. */
  start(): boolean {
    if (!this.isOpen) return false;
    this.#trying = true;
    return true;
  }

  /** Is told of each call once. */
  ended(outcome: Outcome, times: CallTimes): void {
    if (times.trial) this.#trying = false;
    if (outcome === "worked") this.close();
    else if (outcome !== "neither") this.#fail(outcome, times);
  }

  close(): void {
    this.#failures = 0;
    this.#waitMs = 0;
  }

  #fail(outcome: "away" | "late", { trial, startedMs, endMs }: CallTimes): void {
    // A call from before the breaker opened tells nothing new.
    if (this.isOpen && !trial) return;
    // The end of a process ends all calls in flight: that is one failure, from which it may come back at once.
    if (!trial && outcome === "away" && startedMs < this.#lastFailureMs) return;
    this.#lastFailureMs = endMs;
    this.#failures += 1;
    if (this.#failures < failuresToOpen) return;
    this.#waitMs = Math.min(longestWaitMs, this.isOpen ? this.#waitMs * 2 : firstWaitMs);
    this.#openUntilMs = endMs + this.#waitMs;
  }
}
