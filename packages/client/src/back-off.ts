import { randomInt } from "node:crypto";

/** How long to wait after the `failures`-th failure in a row: 100 ms doubled up to 30 s, of which half is chance, so that clients spread. */
export function backOffMs(failures: number): number {
  const whole = Math.min(30_000, 100 * 2 ** Math.min(failures - 1, 10));
  return whole / 2 + randomInt(whole / 2 + 1);
}
