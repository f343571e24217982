import { setMaxListeners } from "node:events";
import type { Logger } from "@dataplane/meta";

/** Something that runs until a signal aborts: an informer, a controller. */
export interface Runnable {
  run(signal: AbortSignal): Promise<void>;
}

/** Runs parts of the server until it stops, and waits for them then. A part that breaks is a bug: it is logged, the others go on. */
export class Lifetime {
  readonly #ending = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
    // Every part listens to the one signal: many listeners are no leak here.
    setMaxListeners(0, this.#ending.signal);
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  start(name: string, part: Runnable): void {
    const running = part.run(this.signal).catch((error: unknown) => {
      if (!this.signal.aborted) this.#logger.error({ err: error, part: name }, "a part of the server broke");
    });
    this.#running.add(running);
  }

  async end(): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#running);
  }
}
