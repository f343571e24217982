import { isJsonObject, type JsonObject, type JsonValue } from "@dataplane/meta";
import type { Random } from "../testing/random.js";
import { hostileKeys, hostileStrings, hostileValue } from "./hostile-values.js";

/** The value with something done to one place in it. */
export function mutated(value: JsonValue, random: Random): JsonValue {
  if (random.chance(0.75)) {
    const deeper = mutatedChild(value, random);
    if (deeper !== undefined) return deeper;
  }
  if (isJsonObject(value) && random.chance(0.7)) return withChangedKey(value, random);
  if (Array.isArray(value) && random.chance(0.7)) return withChangedItem(value as readonly JsonValue[], random);
  return hostileValue(random);
}

/** One to a few places. */
export function mutatedOften(value: JsonValue, random: Random): JsonValue {
  let changed = value;
  do changed = mutated(changed, random);
  while (random.chance(0.4));
  return changed;
}

function mutatedChild(value: JsonValue, random: Random): JsonValue | undefined {
  if (Array.isArray(value)) {
    const items = value as readonly JsonValue[];
    if (items.length === 0) return undefined;
    const at = random.below(items.length);
    return items.map((item, index) => (index === at ? mutated(item, random) : item));
  }
  if (!isJsonObject(value)) return undefined;
  const keys = Object.keys(value);
  if (keys.length === 0) return undefined;
  const drawn = keys[random.below(keys.length)] ?? "";
  // An object that does not say what it is gets no further.
  const at = (drawn === "apiVersion" || drawn === "kind") && random.chance(0.8) ? (keys.at(-1) ?? "") : drawn;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, key === at ? mutated(child, random) : child]));
}

function withChangedKey(value: JsonObject, random: Random): JsonValue {
  const entries = Object.entries(value);
  const at = random.below(Math.max(1, entries.length));
  const [, child = null] = entries[at] ?? [];
  switch (random.below(4)) {
    case 0:
      return Object.fromEntries(entries.filter((_, index) => index !== at));
    case 1:
      return Object.fromEntries(entries.map(([key, it], index) => [index === at ? random.pick(hostileKeys) : key, it]));
    case 2:
      return Object.fromEntries([...entries, [random.pick(hostileKeys), child]]);
    default:
      return Object.fromEntries([...entries, [random.pick(hostileKeys), hostileValue(random)]]);
  }
}

function withChangedItem(items: readonly JsonValue[], random: Random): JsonValue {
  const at = random.below(Math.max(1, items.length));
  switch (random.below(4)) {
    case 0:
      return items.filter((_, index) => index !== at);
    case 1:
      return items.flatMap((item, index) => (index === at ? [item, item] : [item]));
    case 2:
      return [...items, hostileValue(random)];
    default:
      return [...items].reverse();
  }
}

const fragments: readonly [string, ...string[]] = [
  '"',
  "{",
  "}",
  "[",
  "]",
  ",",
  ":",
  "\\",
  "\\u",
  "1e400",
  "-",
  "null",
  '"__proto__":{"polluted":1},',
  '"metadata":{},',
  "\u0000",
  "\ufeff",
  "\ud800",
  "/*",
  "'",
  "&a ",
  "*a ",
  "<<: ",
  "!!binary ",
  "\n---\n",
  "\t",
  "[".repeat(200),
  '{"a":'.repeat(200),
  ...hostileStrings,
];

/** A text with some of it cut, doubled, or put in. */
export function mutatedText(text: string, random: Random): string {
  let changed = text;
  do {
    const at = random.below(changed.length + 1);
    const length = random.chance(0.8) ? random.below(8) : random.below(changed.length + 1);
    const [before, after] = [changed.slice(0, at), changed.slice(at)];
    switch (random.below(4)) {
      case 0:
        changed = before + after.slice(length);
        break;
      case 1:
        changed = before + after.slice(0, length) + after;
        break;
      case 2:
        changed = before + random.pick(fragments) + after;
        break;
      default:
        changed = before + String.fromCharCode(random.below(random.pick([128, 65_536]))) + after.slice(1);
    }
  } while (random.chance(0.4) && changed.length < 100_000);
  return changed;
}

/** The same of bytes. */
export function mutatedBytes(bytes: Uint8Array, random: Random): Uint8Array {
  let changed = Buffer.from(bytes);
  do {
    const at = random.below(changed.length + 1);
    const length = random.below(random.pick([4, 4, changed.length + 1]));
    const [before, after] = [changed.subarray(0, at), changed.subarray(at)];
    switch (random.below(4)) {
      case 0:
        changed = Buffer.concat([before, after.subarray(length)]);
        break;
      case 1:
        changed = Buffer.concat([before, after.subarray(0, length), after]);
        break;
      case 2:
        changed = Buffer.concat([before, Buffer.from(Array.from({ length: 1 + random.below(6) }, () => random.below(256))), after]);
        break;
      default:
        changed = Buffer.concat([before, Buffer.from([random.pick([0, 0x7f, 0x80, 0xff, random.below(256)])]), after.subarray(1)]);
    }
  } while (random.chance(0.5) && changed.length < 100_000);
  return changed;
}
