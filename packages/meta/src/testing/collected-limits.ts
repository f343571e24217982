// `node --expose-gc --import tsx collected-limits.ts`: how many of 50 limits that follow an outer signal end when garbage is collected meanwhile.

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
console.log(`${ended} of 50`);
