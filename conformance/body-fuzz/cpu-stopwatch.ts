/** Asking the system costs more than most requests take: it is asked again when this much time has passed. */
const staleMs = 50;

/** CPU time that this process spends, told apart from the time that it waits for a processor which others use. */
export class CpuStopwatch {
  #cpu = process.cpuUsage();
  #cpuAt = performance.now();
  #started = 0;

  start(): void {
    this.#started = performance.now();
    if (this.#started - this.#cpuAt < staleMs) return;
    this.#cpu = process.cpuUsage();
    this.#cpuAt = this.#started;
  }

  /** Milliseconds since the start, no more than were spent. */
  leastMs(): number {
    const elapsed = performance.now() - this.#started;
    if (elapsed < staleMs) return elapsed;
    const { user, system } = process.cpuUsage(this.#cpu);
    return Math.min(elapsed, (user + system) / 1_000 - (this.#started - this.#cpuAt));
  }
}
