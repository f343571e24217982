import type { Clock, Logger } from "@dataplane/meta";
import type { Store, StoreHealth } from "@dataplane/storage";
import type { Runnable } from "./lifetime.js";

export interface StoreHealthLogOptions {
  readonly store: Pick<Store, "health">;
  readonly clock: Clock;
  readonly logger: Logger;
}

const intervalMs = 250;

/** Why nothing can be read or written now; undefined when all is well. For readyz. */
export function storeProblem(store: Pick<Store, "health">): string | undefined {
  const { readable, writable, problem = "no reason is known" } = store.health();
  return readable && writable ? undefined : problem;
}

/** Says once when the store gets into trouble, and once when it is well again, however many requests meet it meanwhile. */
export function storeHealthLog({ store, clock, logger }: StoreHealthLogOptions): Runnable {
  return {
    async run(signal) {
      let told = stateOf(store.health());
      if (told !== "well") tell(logger, told, store.health());
      while (!signal.aborted) {
        await clock.sleep(intervalMs, signal).catch(() => undefined);
        const health = store.health();
        const state = stateOf(health);
        if (state !== told) tell(logger, state, health);
        told = state;
      }
    },
  };
}

type State = "well" | "read-only" | "away";

const stateOf = ({ readable, writable }: StoreHealth): State => {
  if (!readable) return "away";
  return writable ? "well" : "read-only";
};

function tell(logger: Logger, state: State, { problem }: StoreHealth): void {
  if (state === "well") logger.info({}, "the store can be read and written again");
  else if (state === "read-only") logger.error({ problem }, "the store cannot be written: writes are refused, reads go on, until it can be");
  else logger.error({ problem }, "the store cannot be reached: it is asked until it can be");
}
