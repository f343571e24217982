import { watch } from "node:fs";
import { type Clock, LinkedAbort } from "@dataplane/meta";

/** Wakes whoever waits, or the next one who does. */
export class Wake {
  #isSet = false;
  #resolve: (() => void) | undefined;

  readonly set = (): void => {
    this.#isSet = true;
    this.#resolve?.();
  };

  get isSet(): boolean {
    return this.#isSet;
  }

  reset(): void {
    this.#isSet = false;
  }

  /** Resolves when set, after `ms`, or when `signal` aborts. */
  async wait(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
    if (this.#isSet || signal.aborted) return;
    const over = new LinkedAbort(signal);
    const set = new Promise<void>((resolve) => {
      this.#resolve = resolve;
    });
    await Promise.race([set, clock.sleep(ms, over.signal).catch(() => undefined)]);
    this.#resolve = undefined;
    over.abort();
  }
}

/** Sets `wake` at each change in a folder until `signal` aborts. A folder that cannot be watched (it is not there) sets nothing. */
export function watchFolder(directory: string, wake: Wake, signal: AbortSignal): void {
  try {
    watch(directory, { signal }, wake.set).on("error", () => undefined);
  } catch {
    // Whoever waits also looks from time to time.
  }
}
