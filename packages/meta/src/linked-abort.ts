import { setMaxListeners } from "node:events";

/**
 * An AbortController that also aborts, with their reason, as soon as one of the signals that it follows does. Not AbortSignal.any: that holds
 * what it follows so weakly that on Node 20 a garbage collection may take the timeout out of it, and keeps for good whatever still listens to
 * it when those that it follows are gone.
 */
export class LinkedAbort {
  readonly #controller = new AbortController();
  readonly #followed = new Set<AbortSignal>();
  readonly #follow = (reason: unknown): void => this.abort(reason);

  constructor(...followed: readonly (AbortSignal | undefined)[]) {
    // A request may well ask a dozen plugins at once, which all listen: Node would warn of a leak after ten.
    setMaxListeners(0, this.signal);
    for (const signal of followed) {
      if (signal === undefined || this.signal.aborted) continue;
      if (signal.aborted) {
        this.abort(signal.reason);
      } else {
        this.#followed.add(signal);
        followersOf(signal).add(this.#follow);
      }
    }
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
    for (const signal of this.#followed) followersOf(signal).delete(this.#follow);
    this.#followed.clear();
  }
}

/** Where a signal keeps who follows it. Not in a WeakMap: until V8 collects everything, whatever such a map holds is kept, with all of a request. */
const followers = Symbol("followers");

type Followed = AbortSignal & { [followers]?: Set<(reason: unknown) => void> };

/**
 * Thousands may follow one signal, such as that of the server's end: as listeners of their own each of them would cost the more to leave the
 * more there are, and Node would warn of a leak.
 */
function followersOf(signal: Followed): Set<(reason: unknown) => void> {
  const known = signal[followers];
  if (known !== undefined) return known;
  const all = new Set<(reason: unknown) => void>();
  signal[followers] = all;
  signal.addEventListener("abort", () => all.forEach((follow) => follow(signal.reason)), { once: true });
  return all;
}
