// `node --expose-gc --import tsx collected-limits.ts`: how many of 50 limits that follow an outer signal end when garbage is collected meanwhile,
// and whether those that were kept in time, listeners and all, are garbage too.

import { TimeLimit } from "../time-limit.js";

const outer = new AbortController();
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
let ended = 0;

// As a request does: of the limit nothing but the listener to its signal is kept.
const begin = (): void =>
  new TimeLimit({ ms: 100, signal: outer.signal }).signal.addEventListener("abort", () => {
    ended += 1;
  });

for (let index = 0; index < 50; index++) begin();
if (globalThis.gc === undefined) throw new Error("run it with --expose-gc");
for (let round = 0; round < 5; round++) {
  globalThis.gc();
  await wait(10);
}
await wait(300);

const kept = 20_000;
const usedBytes = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};
const before = usedBytes();
for (let index = 0; index < kept; index++) {
  const limit = new TimeLimit({ ms: 60_000, signal: outer.signal });
  limit.signal.addEventListener("abort", () => undefined);
  limit.release();
}
const left = (usedBytes() - before) / kept;
console.log(`${ended} of 50 ended; a kept one left less than 100 bytes: ${left < 100}`);
