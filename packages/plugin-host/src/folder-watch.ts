import type { Clock } from "@dataplane/meta";
import { stampOfSlowly } from "./file-stamp.js";

/**
 * Looks at files and folders again and again, and calls back once after a change, when nothing has moved between two looks: what is
 * still being copied is not taken. By their state and not by the system's notices, which network and container file systems do not send.
 */
export async function watchFolders(
  options: {
    /** What to look at; asked anew after each call back. */
    readonly paths: () => readonly string[];
    readonly onSettled: () => Promise<void>;
    readonly periodMs: number;
    readonly clock: Clock;
  },
  signal: AbortSignal,
): Promise<void> {
  const { paths, onSettled, periodMs, clock } = options;
  let applied: string | undefined;
  let last: string | undefined;
  for (;;) {
    const now = await stampOfSlowly(paths());
    if (now !== applied && now === last) {
      applied = now;
      await onSettled();
    }
    last = now;
    try {
      await clock.sleep(periodMs, signal);
    } catch {
      return;
    }
  }
}
