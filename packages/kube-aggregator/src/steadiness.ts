/** How long a server that was away must be well before it counts as such: one that comes and goes each second stays away. */
const steadyMs = 2_000;

/** Keeps a server that flaps from being called well each time that it is. */
export class Steadiness {
  readonly #now: () => number;
  /** By name: since when it is well; undefined while it is not. Absent: it was never seen away. */
  readonly #upSince = new Map<string, number | undefined>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** It was seen away, and has not been well for long enough since. */
  isInDoubt(name: string): boolean {
    return this.#upSince.has(name);
  }

  /** It was seen to be well: whether it may be called so. */
  isUp(name: string): boolean {
    if (!this.#upSince.has(name)) return true;
    const since = this.#upSince.get(name) ?? this.#now();
    if (this.#now() - since < steadyMs) {
      this.#upSince.set(name, since);
      return false;
    }
    this.#upSince.delete(name);
    return true;
  }

  isDown(name: string): void {
    this.#upSince.set(name, undefined);
  }

  forget(name: string): void {
    this.#upSince.delete(name);
  }
}
