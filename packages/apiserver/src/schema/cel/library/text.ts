import * as t from "../types/cel-type.js";
import { CelError } from "../values/cel-error.js";
import { type CelList, type CelValue } from "../values/cel-value.js";
import { itemsOf, listOf } from "../values/collections.js";
import { requireSize } from "../values/concatenate.js";
import { formatText } from "./format-text.js";
import { type FunctionTable, global, listArgument, member, text, whole } from "./function-declaration.js";

const texts = t.list(t.string);

/** Positions are of code points. Most texts have no others than 16-bit ones: then it is the position in JavaScript. */
const points = (value: string): readonly string[] => Array.from(value);

function charAt(value: string, index: bigint): string {
  const all = points(value);
  if (index < 0n || index > BigInt(all.length)) throw new CelError(`index out of range: ${index}`);
  return all[Number(index)] ?? "";
}

function indexOf(value: string, part: string, from: bigint): bigint {
  const all = points(value);
  if (from < 0n) throw new CelError(`index out of range: ${from}`);
  if (from > BigInt(all.length)) return part === "" ? BigInt(all.length) : -1n;
  const start = all.slice(0, Number(from)).join("").length;
  const found = value.indexOf(part, start);
  return found < 0 ? -1n : BigInt(points(value.slice(0, found)).length);
}

function lastIndexOf(value: string, part: string, from: bigint | undefined): bigint {
  const all = points(value);
  if (from !== undefined && from < 0n) throw new CelError(`index out of range: ${from}`);
  if (from !== undefined && from >= BigInt(all.length)) return part === "" ? BigInt(all.length) : -1n;
  const start = from === undefined ? value.length : all.slice(0, Number(from)).join("").length;
  const found = value.lastIndexOf(part, start);
  return found < 0 ? -1n : BigInt(points(value.slice(0, found)).length);
}

function substring(value: string, start: bigint, end: bigint | undefined): string {
  const all = points(value);
  const last = end ?? BigInt(all.length);
  if (start < 0n || start > BigInt(all.length)) throw new CelError(`index out of range: ${start}`);
  if (last < 0n || last > BigInt(all.length)) throw new CelError(`index out of range: ${last}`);
  if (start > last) throw new CelError(`invalid substring range. start: ${start}, end: ${last}`);
  return all.slice(Number(start), Number(last)).join("");
}

function replace(value: string, old: string, next: string, limit: bigint): string {
  if (limit === 0n) return value;
  const pieces = old === "" ? ["", ...points(value), ""] : value.split(old);
  const most = limit < 0n ? pieces.length - 1 : Math.min(Number(limit), pieces.length - 1);
  requireSize(value.length + most * next.length);
  return pieces.slice(0, most).join(next) + (most > 0 ? next : "") + pieces.slice(most).join(old);
}

function split(value: string, separator: string, limit: bigint): CelList {
  if (limit === 0n) return listOf([]);
  const pieces = separator === "" ? points(value) : value.split(separator);
  if (limit < 0n || BigInt(pieces.length) <= limit) return listOf(pieces);
  const kept = pieces.slice(0, Number(limit) - 1);
  return listOf([...kept, pieces.slice(kept.length).join(separator)]);
}

function join(list: CelList, separator: string): string {
  const parts = [...itemsOf(list)].map(text);
  requireSize(parts.reduce((sum, part) => sum + part.length + separator.length, 0));
  return parts.join(separator);
}

const lower = (value: string): string => value.replace(/[A-Z]+/g, (part) => part.toLowerCase());
const upper = (value: string): string => value.replace(/[a-z]+/g, (part) => part.toUpperCase());

// Go's unicode.IsSpace, which has one character (U+0085) more and one (U+FEFF) less than JavaScript's \s.
const isSpace = (character: string): boolean => character === "\u0085" || (/\s/u.test(character) && character !== "\uFEFF");

function trim(value: string): string {
  let [start, end] = [0, value.length];
  while (start < end && isSpace(value.charAt(start))) start++;
  while (end > start && isSpace(value.charAt(end - 1))) end--;
  return value.slice(start, end);
}

const escapes = new Map(
  Object.entries({ "\u0007": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v", "\\": "\\\\", '"': '\\"' }),
);

const quote = (value: string): string =>
  `"${points(value)
    .map((character) => escapes.get(character) ?? character)
    .join("")}"`;

const optionalWhole = (value: CelValue | undefined): bigint | undefined => (value === undefined ? undefined : whole(value));

/** Texts: the standard functions and cel-go's extension of strings, version 2. */
export const textFunctions: FunctionTable = {
  contains: [member([t.string, t.string], t.bool, (a, b) => text(a).includes(text(b)))],
  startsWith: [member([t.string, t.string], t.bool, (a, b) => text(a).startsWith(text(b)))],
  endsWith: [member([t.string, t.string], t.bool, (a, b) => text(a).endsWith(text(b)))],
  charAt: [member([t.string, t.int], t.string, (a, i) => charAt(text(a), whole(i)))],
  indexOf: [
    member([t.string, t.string], t.int, (a, b) => indexOf(text(a), text(b), 0n)),
    member([t.string, t.string, t.int], t.int, (a, b, i) => indexOf(text(a), text(b), whole(i))),
  ],
  lastIndexOf: [
    member([t.string, t.string], t.int, (a, b) => lastIndexOf(text(a), text(b), undefined)),
    member([t.string, t.string, t.int], t.int, (a, b, i) => lastIndexOf(text(a), text(b), whole(i))),
  ],
  substring: [
    member([t.string, t.int], t.string, (a, i) => substring(text(a), whole(i), undefined)),
    member([t.string, t.int, t.int], t.string, (a, i, j) => substring(text(a), whole(i), optionalWhole(j))),
  ],
  replace: [
    member([t.string, t.string, t.string], t.string, (a, b, c) => replace(text(a), text(b), text(c), -1n)),
    member([t.string, t.string, t.string, t.int], t.string, (a, b, c, n) => replace(text(a), text(b), text(c), whole(n))),
  ],
  split: [
    member([t.string, t.string], texts, (a, b) => split(text(a), text(b), -1n)),
    member([t.string, t.string, t.int], texts, (a, b, n) => split(text(a), text(b), whole(n))),
  ],
  join: [
    member([texts], t.string, (list) => join(listArgument(list), "")),
    member([texts, t.string], t.string, (list, separator) => join(listArgument(list), text(separator))),
  ],
  lowerAscii: [member([t.string], t.string, (a) => lower(text(a)))],
  upperAscii: [member([t.string], t.string, (a) => upper(text(a)))],
  trim: [member([t.string], t.string, (a) => trim(text(a)))],
  format: [member([t.string, t.list(t.dyn)], t.string, (a, list) => formatText(text(a), listArgument(list)))],
  "strings.quote": [global([t.string], t.string, (a) => quote(text(a)))],
};
