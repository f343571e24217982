import { CelError } from "../values/cel-error.js";
import { type CelList, type CelValue, Duration, isList, isMap, Timestamp, TypeValue, Uint } from "../values/cel-value.js";
import { itemsOf } from "../values/collections.js";
import { requireSize } from "../values/concatenate.js";
import { compareNumbers, isNumeric } from "../values/numeric.js";
import { formatDuration, formatTimestamp } from "../values/time.js";
import { typeNameOf } from "../values/type-names.js";
import { doubleText } from "./conversions.js";

const clause = /%(?:%|(?:\.(?<precision>\d{1,4}))?(?<verb>[a-zA-Z]))/g;

/** `"%s is %d".format([name, size])`: the clauses s, d, f, e, b, o, x and X. Throws CelError. */
export function formatText(pattern: string, values: CelList): string {
  let next = 0;
  const made = pattern.replaceAll(clause, (whole, ...rest: readonly unknown[]) => {
    if (whole === "%%") return "%";
    if (next >= values.size) throw new CelError(`index ${next} out of range`);
    const [precision, verb] = rest;
    return formatOne(String(verb), typeof precision === "string" ? Number(precision) : undefined, values.at(next++));
  });
  requireSize(made.length);
  return made;
}

type Format = (value: CelValue, precision: number | undefined) => string;

function formatOne(verb: string, precision: number | undefined, value: CelValue): string {
  const format = verbs.get(verb);
  if (format === undefined) throw new CelError(`could not parse formatting clause: unrecognized formatting clause "${verb}"`);
  return format(value, precision);
}

const verbs: ReadonlyMap<string, Format> = new Map<string, Format>([
  ["s", (value) => shown(value, 0)],
  ["d", decimal],
  ["f", (value, precision = 6) => real(value, (number) => fixed(number, precision))],
  ["e", (value, precision = 6) => real(value, (number) => number.toExponential(Math.min(precision, 100)).replace(/e([+-])(\d)$/, "e$10$2"))],
  ["b", (value) => (typeof value === "boolean" ? String(Number(value)) : inBase(value, 2, "b"))],
  ["o", (value) => inBase(value, 8, "o")],
  ["x", (value) => hexadecimal(value)],
  ["X", (value) => hexadecimal(value).toUpperCase()],
]);

const fixed = (number: number, precision: number): string => number.toFixed(Math.min(precision, 100));

function decimal(value: CelValue): string {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint) return value.value.toString();
  if (typeof value === "number") return Number.isFinite(value) ? doubleText(value) : nonFinite(value);
  throw misused("d", "integers", value);
}

function real(value: CelValue, format: (number: number) => string): string {
  const number = typeof value === "bigint" ? Number(value) : value instanceof Uint ? Number(value.value) : value;
  if (typeof number !== "number") throw misused("f", "doubles", value);
  return Number.isFinite(number) ? format(number) : nonFinite(number);
}

function nonFinite(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "Infinity" : "-Infinity";
}

function inBase(value: CelValue, base: number, verb: string): string {
  if (typeof value === "bigint") return value.toString(base);
  if (value instanceof Uint) return value.value.toString(base);
  throw misused(verb, "integers", value);
}

function hexadecimal(value: CelValue): string {
  if (typeof value === "string") return Buffer.from(value).toString("hex");
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return inBase(value, 16, "x");
}

const misused = (verb: string, wanted: string, value: CelValue): CelError =>
  new CelError(`error during formatting: ${verb} clause can only be used on ${wanted}, was given ${typeNameOf(value)}`);

function shown(value: CelValue, depth: number): string {
  if (depth > 32) throw new CelError("error during formatting: nested too deep");
  if (typeof value === "string") return value;
  if (value === null || typeof value === "boolean") return String(value);
  if (isNumeric(value)) return Number.isNaN(compareNumbers(value, value)) ? "NaN" : decimal(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (value instanceof Duration) return formatDuration(value);
  if (value instanceof TypeValue) return value.name;
  return shownCollection(value, depth);
}

function shownCollection(value: CelValue, depth: number): string {
  if (isList(value)) return `[${[...itemsOf(value)].map((item) => shown(item, depth + 1)).join(", ")}]`;
  if (!isMap(value)) throw misused("s", "strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps", value);
  const entries = value.keys().map((key) => `${shown(key, depth + 1)}: ${shown(value.get(key) ?? null, depth + 1)}`);
  return `{${entries.sort((a, b) => (a < b ? -1 : 1)).join(", ")}}`;
}
