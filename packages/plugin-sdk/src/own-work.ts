import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "./logger.js";

const firstPauseMs = 500;
const longestPauseMs = 30_000;
/** Less than a host waits before it kills. */
const patienceMs = 1_500;

/** Runs a plugin's own work until it is stopped; work that fails is begun anew, after longer and longer pauses. */
export function ownWork(run: (signal: AbortSignal) => Promise<void>, logger: Pick<Logger, "error">): { stop(): Promise<void> } {
  const ended = new AbortController();
  const { signal } = ended;
  const running = runUntil(run, signal, logger);
  return {
    async stop() {
      ended.abort(new Error("the plugin is shut down"));
      await Promise.race([running, sleep(patienceMs, undefined, { ref: false })]);
    },
  };
}

async function runUntil(run: (signal: AbortSignal) => Promise<void>, signal: AbortSignal, logger: Pick<Logger, "error">): Promise<void> {
  const isOver = (): boolean => signal.aborted;
  let pauseMs = firstPauseMs;
  while (!isOver()) {
    try {
      await run(signal);
      return;
    } catch (thrown) {
      if (isOver()) return;
      logger.error("the plugin's own work failed, and begins anew", { error: thrown, pauseMs });
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }
}
