/** A process that ran this long was healthy: its next crash counts as the first. */
export const healthyAfterMs = 60_000;
const maxDelayMs = 60_000;
/** After so many ends in a row it is called a crash loop. It is still tried, once a minute: what it lacked may come back. */
export const loopAfter = 6;
/** After so many ends in a row, about an hour, it is given up, until somebody restarts it or changes its files. */
export const giveUpAfterByDefault = 60;

/** How long to wait before the next start, after `ends` ends in a row (1 or more): at once, then 1 s, 2 s, 4 s, to a minute. */
export function restartDelayMs(ends: number): number {
  if (ends <= 1) return 0;
  if (ends >= loopAfter) return maxDelayMs;
  return Math.min(1000 * 2 ** (ends - 2), maxDelayMs);
}
