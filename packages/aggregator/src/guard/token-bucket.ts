/** Lets through so many starts a second on average, and a second's worth at once. */
export class TokenBucket {
  readonly #perSecond: number;
  #tokens: number;
  #filledAtMs: number;

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#tokens = perSecond;
    this.#filledAtMs = nowMs;
  }

  /** Milliseconds until the next start; 0 when there may be one now. */
  waitMs(nowMs: number): number {
    this.#fill(nowMs);
    return this.#tokens >= 1 ? 0 : ((1 - this.#tokens) / this.#perSecond) * 1000;
  }

  take(): void {
    this.#tokens -= 1;
  }

  /** Like a new one: nothing is lost when it is forgotten. */
  isFull(nowMs: number): boolean {
    this.#fill(nowMs);
    return this.#tokens >= this.#perSecond;
  }

  /** A clock that was set back fills nothing. */
  #fill(nowMs: number): void {
    const passedMs = Math.max(0, nowMs - this.#filledAtMs);
    this.#filledAtMs = nowMs;
    this.#tokens = Math.min(this.#perSecond, this.#tokens + (passedMs / 1000) * this.#perSecond);
  }
}
