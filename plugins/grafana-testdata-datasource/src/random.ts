import { randomInt } from "node:crypto";

/** Numbers in [0, 1): the same for the same seed. For test data; never for secrets. */
export type Random = () => number;

/** A generator for `seed` (any text), or for a seed of chance. */
export function createRandom(seed: string | undefined): Random {
  let state = seed === undefined ? randomInt(2 ** 32) : hash(seed);
  // mulberry32: 32 bits of state pass for test data.
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** FNV-1a over the UTF-16 units. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return value;
}
