import type { Clock, Logger } from "@dataplane/meta";
import type { Store } from "@dataplane/storage";
import type { Runnable } from "./lifetime.js";

export interface StoreCompactionOptions {
  readonly store: Store;
  /** How long an earlier state can be asked for, in milliseconds; it may be a tenth longer. */
  readonly retention: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Mark {
  readonly at: number;
  readonly revision: bigint;
}

const shortestInterval = 1_000;

/**
 * Forgets old revisions for ever, so that the store holds what there is and not all that ever was. A store does not know when a
 * revision was written: the newest one is noted now and then, and whatever lies before a note that is old enough is compacted.
 */
export function storeCompaction({ store, retention, clock, logger }: StoreCompactionOptions): Runnable {
  const marks: Mark[] = [];

  const turn = async (): Promise<void> => {
    const now = clock.now().getTime();
    marks.push({ at: now, revision: await store.revision() });
    const old = marks.filter(({ at }) => at <= now - retention).at(-1);
    if (old === undefined) return;
    await store.compact(old.revision);
    marks.splice(0, marks.indexOf(old) + 1);
  };

  return {
    async run(signal) {
      while (!signal.aborted) {
        // A store in trouble is told of by those who write; here the next turn tries again.
        await turn().catch((error: unknown) => logger.warn({ err: error }, "the store's history could not be compacted"));
        await clock.sleep(Math.max(shortestInterval, retention / 10), signal).catch(() => undefined);
      }
    },
  };
}
