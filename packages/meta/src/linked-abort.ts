/**
 * An AbortController that also aborts, with their reason, as soon as one of the signals that it follows does. Not AbortSignal.any: that holds
 * what it follows so weakly that on Node 20 a garbage collection may take the timeout out of it, and keeps for good whatever still listens to
 * it when those that it follows are gone.
 */
export class LinkedAbort {
  readonly #controller = new AbortController();
  #unfollow: readonly (() => void)[] = [];

  constructor(...followed: readonly (AbortSignal | undefined)[]) {
    for (const signal of followed) this.#follow(signal);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborts now, if nothing has yet. */
  abort(reason?: unknown): void {
    this.release();
    this.#controller.abort(reason);
  }

  /** From now on nothing is followed. Needed wherever one of those followed lasts longer than this: it would keep this alive. */
  release(): void {
    for (const leave of this.#unfollow) leave();
    this.#unfollow = [];
  }

  #follow(signal: AbortSignal | undefined): void {
    if (signal === undefined || this.#controller.signal.aborted) return;
    if (signal.aborted) {
      this.abort(signal.reason);
      return;
    }
    const abort = (): void => this.abort(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    this.#unfollow = [...this.#unfollow, () => signal.removeEventListener("abort", abort)];
  }
}
