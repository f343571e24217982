import type { JsonValue } from "@dataplane/meta";
import type { Random } from "../testing/random.js";

/** A string that stands in an object for characters which JSON has and JavaScript's values have not; see `jsonText`. */
const raw = (token: string): string => `@raw:${token}@`;

export const hostileStrings: readonly [string, ...string[]] = [
  "",
  " ",
  "\u0000",
  "\ud800",
  "\udfff\ud800",
  "\u202e\ufeff",
  "a\r\nb",
  "../..",
  "%00",
  "a".repeat(300),
  "𝒳".repeat(100),
  "__proto__",
  "constructor",
  "2026-13-45T99:99:99Z",
  "2026-01-01T00:00:00.123456789Z",
  "-9223372036854775809",
  "0x10",
  "1e400",
  "(a+)+$",
  "[",
  "\\",
  "${jndi:x}",
  "self",
  "null",
  "~1~0~2",
];

export const hostileKeys: readonly [string, ...string[]] = [
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "",
  ".",
  "..",
  "a/b",
  "k:{}",
  "f:metadata",
  "$patch",
  "$retainKeys",
  "$setElementOrder/list",
  "$deleteFromPrimitiveList/list",
  "apiVersion",
  "kind",
  "metadata",
  "name",
  "namespace",
  "spec",
  "status",
  "items",
  "managedFields",
  "resourceVersion",
  "\ud800",
  "\u0000",
  "0",
  "-",
  "x".repeat(400),
];

const hostileScalars: readonly [JsonValue, ...JsonValue[]] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  2 ** 31,
  2 ** 53,
  -(2 ** 63),
  1e300,
  raw("1e400"),
  raw("-1e400"),
  raw("-0"),
  raw("1E-400"),
  raw("9223372036854775808"),
  raw("123456789012345678901234567890123456789"),
  raw("01"),
  raw("NaN"),
  raw(String.raw`"\ud800\u0000"`),
  raw(String.raw`"\x"`),
  raw('{"a":1,"a":2}'),
  [],
  {},
  [null],
  [[]],
  [{}],
];

/** Any value that a field may be given. Seldom a large or deep one. */
export function hostileValue(random: Random): JsonValue {
  if (random.chance(0.35)) return random.pick(hostileStrings);
  if (random.chance(0.02)) return nested(random, random.pick([5, 50, 500]));
  if (random.chance(0.01)) return Array.from({ length: random.pick([100, 5_000]) }, (_, index) => index);
  if (random.chance(0.15)) return { [random.pick(hostileKeys)]: random.pick(hostileScalars) };
  return random.pick(hostileScalars);
}

function nested(random: Random, depth: number): JsonValue {
  const key = random.pick(hostileKeys);
  let value: JsonValue = 1;
  for (let level = 0; level < depth; level += 1) value = random.chance(0.5) ? [value] : { [key]: value };
  return value;
}

/** A value as JSON, with what was marked as raw put in as it is. */
export const jsonText = (value: JsonValue): string =>
  JSON.stringify(value).replaceAll(/"@raw:((?:[^"@\\]|\\.)*)@"/g, (_, token: string) => JSON.parse(`"${token}"`) as string);
