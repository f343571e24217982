import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "./cluster.js";
import type { KeySpace } from "./key-space.js";
import { range, status } from "./methods.js";
import type { WatchFeed } from "./watch-feed.js";

const intervalMs = 1000;
const answerMs = 2000;

export interface HeartbeatOptions {
  readonly cluster: Cluster;
  readonly keys: KeySpace;
  readonly space: Space;
  readonly feed: WatchFeed;
  readonly signal: AbortSignal;
}

/** Whether etcd has room for values, as far as is known. */
export class Space {
  isFull = false;
}

/** Notices a member that hangs while nobody asks it anything, one that is back, and room that was made. Runs until the signal aborts. */
export async function runHeartbeat({ cluster, keys, space, feed, signal }: HeartbeatOptions): Promise<void> {
  const probe = { key: keys.probe, countOnly: true };
  for (;;) {
    const isOver = await sleep(intervalMs, false, { signal }).catch(() => true);
    if (isOver) return;
    try {
      feed.leaveEnding();
      const wasSilent = performance.now() - cluster.current.heard > intervalMs;
      if (wasSilent || cluster.problem !== undefined) await cluster.read(range, probe);
      if (space.isFull) space.isFull = isFull((await cluster.read(status, {})).errors);
      await cluster.reconsider((member, token) => member.call(range, probe, { token, timeoutMs: answerMs }));
    } catch {
      // The cluster knows its problem, and the next beat asks again.
    }
  }
}

/** Alarms of a cluster are told by each member. */
export const isFull = (errors: readonly string[]): boolean => errors.some((error) => error.includes("NOSPACE"));
