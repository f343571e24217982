/** How long jobs run before requests and answers of others have their turn, in ms. */
const sliceMs = 2;
/** Looking at the clock costs as much as a short job. */
const jobsBetweenLooks = 16;

/** Runs many small jobs in order and soon, a slice of time at once: a thousand of them hold nobody else up. */
export class Turns {
  #jobs: (() => void)[] = [];
  /** Of the first one that has not run. */
  #next = 0;

  /** The job must not throw. */
  run(job: () => void): void {
    this.#jobs.push(job);
    if (this.#jobs.length === 1) setImmediate(() => this.#slice());
  }

  #slice(): void {
    const end = performance.now() + sliceMs;
    do {
      // Jobs that come meanwhile stand behind.
      const last = Math.min(this.#jobs.length, this.#next + jobsBetweenLooks);
      while (this.#next < last) this.#jobs[this.#next++]?.();
    } while (this.#next < this.#jobs.length && performance.now() < end);
    this.#jobs = this.#jobs.slice(this.#next);
    this.#next = 0;
    if (this.#jobs.length > 0) setImmediate(() => this.#slice());
  }
}
