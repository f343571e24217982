/** A key has at most so many bytes of UTF-8: what the least of the databases finds by an index. */
const longestKey = 1024;

/** Refuses, with a RangeError, what no store could keep alike: keys are well-formed Unicode without NUL, begin with "/" and have at most 1024 bytes. */
export function checkKey(key: string): void {
  if (!key.startsWith("/")) throw new RangeError(`key ${JSON.stringify(key)} does not begin with "/"`);
  if (key.includes("\0") || /\p{Surrogate}/u.test(key)) throw new RangeError(`key ${JSON.stringify(key)} is not text`);
  // A character has three bytes at most for each of its units: most keys need no count.
  if (key.length * 3 > longestKey && Buffer.byteLength(key) > longestKey)
    throw new RangeError(`key ${JSON.stringify(key)} has more than ${String(longestKey)} bytes`);
}

/** Orders by the bytes of UTF-8, which is the order of code points; JavaScript's `<` compares UTF-16 units and differs beyond U+D7FF. */
export function compareKeys(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const a = left.charCodeAt(index);
    const b = right.charCodeAt(index);
    if (a !== b) return rank(a) - rank(b);
  }
  return left.length - right.length;
}

/** Where `key` is among sorted keys, or belongs. */
export function keyPosition(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(keys[middle] ?? "", key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The least key greater than every key that begins with `prefix`; undefined when there is none. */
export function prefixEnd(prefix: string): string | undefined {
  const points = Array.from(prefix);
  while (points.length > 0) {
    const next = successor(points.pop() ?? "");
    if (next !== undefined) return points.join("") + next;
  }
  return undefined;
}

// Surrogates stand for code points above U+FFFF, so they sort after every other unit.
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);

function successor(character: string): string | undefined {
  const point = character.codePointAt(0) ?? 0;
  if (point === 0x10ffff) return undefined;
  return String.fromCodePoint(point === 0xd7ff ? 0xe000 : point + 1);
}
