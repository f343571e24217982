import { setTimeout as sleep } from "node:timers/promises";

const pauseMs = 20;

/** Asks again and again until the answer is not undefined. Throws with `what` and the last error when `withinMs` have passed. */
export async function until<T>(what: string, ask: () => Promise<T | undefined> | T | undefined, withinMs = 30_000): Promise<T> {
  const end = Date.now() + withinMs;
  let last: unknown;
  do {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      last = error;
    }
    await sleep(pauseMs);
  } while (Date.now() < end);
  throw new Error(`${what}: not within ${withinMs} ms`, { cause: last });
}
