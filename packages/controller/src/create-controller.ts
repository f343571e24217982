import { aborted } from "@dataplane/meta";
import type { Again, Controller, ControllerOptions } from "./controller.js";
import { Delays } from "./delays.js";
import { WorkQueue } from "./work-queue.js";

// As client-go's default, but for the longest: these controllers' world is local.
const firstBackOffMs = 5;
const longestBackOffMs = 30_000;

/** A controller that has not begun: keys may be enqueued already, `run` works on them. */
export const createController = (options: ControllerOptions): Controller => new QueueController(options);

interface Waiter {
  readonly outstanding: Map<string, number>;
  readonly resolve: () => void;
}

class QueueController implements Controller {
  readonly name: string;
  readonly #options: ControllerOptions;
  readonly #queue = new WorkQueue();
  readonly #delays: Delays;
  /** Failures in a row, by key. */
  readonly #failures = new Map<string, number>();
  readonly #waiters = new Set<Waiter>();
  #signal: AbortSignal | undefined;
  #idle: () => void = () => undefined;

  constructor(options: ControllerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#delays = new Delays(options.clock, (key) => this.enqueue(key));
  }

  enqueue(key: string): void {
    if (this.#signal?.aborted === true) return;
    this.#queue.add(key);
    this.#start();
  }

  enqueueAfter(key: string, ms: number): void {
    this.#delays.after(key, ms);
  }

  drained(): Promise<void> {
    const outstanding = this.#queue.outstanding();
    if (outstanding.size === 0 || this.#signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiters.add({ outstanding, resolve });
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    if (this.#signal !== undefined) throw new Error(`controller ${this.name} has been run before`);
    this.#signal = signal;
    this.#start();
    await aborted(signal);
    this.#delays.stop();
    if (this.#queue.processing > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    for (const { resolve } of this.#waiters) resolve();
    this.#waiters.clear();
  }

  /** Takes as many keys as may be worked on. */
  #start(): void {
    const signal = this.#signal;
    while (signal?.aborted === false && this.#queue.processing < (this.#options.concurrency ?? 1)) {
      const key = this.#queue.take();
      if (key === undefined) return;
      void this.#work(key, signal);
    }
  }

  async #work(key: string, signal: AbortSignal): Promise<void> {
    try {
      const again = await this.#options.reconcile(key, signal);
      this.#succeeded(key, again);
    } catch (thrown) {
      if (!signal.aborted) this.#failed(key, thrown);
    }
    this.#queue.done(key);
    this.#settle(key);
    this.#start();
    if (this.#queue.processing === 0) this.#idle();
  }

  #succeeded(key: string, again: Again | undefined): void {
    this.#failures.delete(key);
    if (again !== undefined) this.#delays.after(key, again.afterMs);
  }

  #failed(key: string, thrown: unknown): void {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const afterMs = Math.min(longestBackOffMs, firstBackOffMs * 2 ** Math.min(failures - 1, 20));
    const error = thrown instanceof Error ? thrown.message : String(thrown);
    this.#options.logger.warn({ controller: this.name, key, error, failures, afterMs }, "reconcile failed, will try again");
    this.#delays.after(key, afterMs);
  }

  #settle(key: string): void {
    for (const waiter of this.#waiters) {
      const runs = waiter.outstanding.get(key);
      if (runs === undefined) continue;
      if (runs > 1) waiter.outstanding.set(key, runs - 1);
      else waiter.outstanding.delete(key);
      if (waiter.outstanding.size > 0) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }
}
