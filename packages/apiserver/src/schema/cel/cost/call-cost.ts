import { type CelValue, isList, isMap, isOpaque } from "../values/cel-value.js";

const perCharacter = 0.1;
const perPatternCharacter = 0.25;

/** Length of texts, bytes, lists and maps; 1 for any other value. */
export function sizeOf(value: CelValue | undefined): number {
  if (typeof value === "string" || value instanceof Uint8Array) return value.length;
  if (value === null || value === undefined || typeof value !== "object") return 1;
  return isList(value) || isMap(value) ? value.size : 1;
}

type CallCost = (args: readonly CelValue[], result: CelValue) => number;

const perCharacterOf =
  (index: number, times = 1): CallCost =>
  (args) =>
    Math.ceil(sizeOf(args[index]) * times * perCharacter);
const perItem: CallCost = ([list]) => sizeOf(list);
const perResult: CallCost = (_args, result) => Math.ceil(sizeOf(result) * 2 * perCharacter);
const perPattern: CallCost = ([text, pattern]) => Math.ceil((1 + sizeOf(text)) * perCharacter) * Math.ceil(sizeOf(pattern) * perPatternCharacter);
const perPair: CallCost = ([a, b]) => 1 + sizeOf(a) * sizeOf(b);
const comparison: CallCost = ([a = null, b = null]) => Math.ceil(weightOf(a, b, 0) * perCharacter) || 1;

/** How much there is to look at when two values are compared. */
function weightOf(a: CelValue, b: CelValue, depth: number): number {
  if (typeof a === "string" || a instanceof Uint8Array) return Math.min(sizeOf(a), sizeOf(b));
  if (a === null || typeof a !== "object" || isOpaque(a) || depth > 8) return 1;
  if (isList(a)) return 1 + a.size * (a.size === 0 ? 0 : weightOf(a.at(0), a.at(0), depth + 1)) * 10;
  return isMap(a) ? 1 + a.size * 10 : 1;
}

const costs: ReadonlyMap<string, CallCost> = new Map<string, CallCost>([
  ...["isSorted", "sum", "max", "min", "indexOf", "lastIndexOf", "includes", "flatten", "reverse", "slice", "sort", "@sortByAssociatedKeys"].map(
    (name) => [name, perItem] as const,
  ),
  ...[
    "lowerAscii",
    "upperAscii",
    "substring",
    "trim",
    "url",
    "isURL",
    "cidr",
    "isCIDR",
    "ip",
    "isIP",
    "quantity",
    "isQuantity",
    "semver",
    "isSemver",
  ].map((name) => [name, perCharacterOf(0)] as const),
  ...["replace", "split", "ip.isCanonical"].map((name) => [name, perCharacterOf(0, 2)] as const),
  ...["join", "format", "strings.quote"].map((name) => [name, perResult] as const),
  ...["matches", "find", "findAll"].map((name) => [name, perPattern] as const),
  ...["sets.contains", "sets.equivalent", "sets.intersects"].map((name) => [name, perPair] as const),
  ["distinct", ([list]) => 1 + sizeOf(list) ** 2],
  ["lists.range", (_args, result) => 10 + sizeOf(result)],
  ["validate", ([, text]) => Math.ceil((1 + sizeOf(text)) * perCharacter) * 32],
  ["contains", ([text, part]) => Math.ceil(sizeOf(text) * perCharacter) * Math.max(1, Math.ceil(sizeOf(part) * perCharacter))],
  ["startsWith", perCharacterOf(1)],
  ["endsWith", perCharacterOf(1)],
  ["@in", ([item = null, container = null]) => (isList(container) ? 1 + Math.ceil(container.size * weightOf(item, item, 0) * perCharacter) : 1)],
  ["_+_", (_args, result) => Math.max(1, Math.ceil(sizeOf(result) * perCharacter))],
  ...["_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_"].map((name) => [name, comparison] as const),
  ...["string", "bytes", "int", "uint", "double", "timestamp", "duration"].map((name) => [name, perCharacterOf(0)] as const),
]);

/** What a call that has been made costs, in cel-go's units. */
export const callCost = (name: string, args: readonly CelValue[], result: CelValue): number => Math.max(1, costs.get(name)?.(args, result) ?? 1);
