import { CelError } from "../values/cel-error.js";
import { type CelList, type CelValue, Duration, isList, isMap, Timestamp, TypeValue, Uint } from "../values/cel-value.js";
import { itemsOf } from "../values/collections.js";
import { requireSize } from "../values/concatenate.js";
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
  ["f", (value, precision = 6) => real(value, "fixed-point", (number) => fixed(number, precision))],
  ["e", (value, precision = 6) => real(value, "scientific", (number) => scientific(number, precision))],
  ["b", (value) => (typeof value === "boolean" ? String(Number(value)) : inBase(value, 2, "binary"))],
  ["o", (value) => inBase(value, 8, "octal")],
  ["x", (value) => hexadecimal(value)],
  ["X", (value) => hexadecimal(value).toUpperCase()],
]);

/** The clauses of a pattern in order, such as `d`; for checks of literals. */
export const clausesOf = (pattern: string): readonly string[] =>
  [...pattern.matchAll(clause)].flatMap(({ groups }) => (groups?.["verb"] === undefined ? [] : [groups["verb"]]));

/** Whether there is such a clause. */
export const isClause = (verb: string): boolean => verbs.has(verb);

/** Groups of three digits, as English has them; halves go to the even digit. */
function fixed(number: number, precision: number): string {
  const digits = Math.min(precision, 100);
  return new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits, roundingMode: "halfEven" }).format(
    number === 0 ? 0 : number,
  );
}

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** `1.5×10⁰³`. */
function scientific(number: number, precision: number): string {
  const [mantissa = "", exponent = "0"] = number.toExponential(Math.min(precision, 100)).split("e");
  const digits = Math.abs(Number(exponent)).toString().padStart(2, "0");
  return `${mantissa}×10${Number(exponent) < 0 ? "⁻" : ""}${Array.from(digits, (digit) => superscripts.charAt(Number(digit))).join("")}`;
}

function decimal(value: CelValue): string {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint) return value.value.toString();
  throw misused("decimal", "integers", value);
}

function real(value: CelValue, clause: string, format: (number: number) => string): string {
  if (typeof value !== "number") throw misused(clause, "doubles", value);
  if (Number.isFinite(value)) return format(value);
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "∞" : "-∞";
}

function inBase(value: CelValue, base: number, clause: string): string {
  if (typeof value === "bigint") return value.toString(base);
  if (value instanceof Uint) return value.value.toString(base);
  throw misused(clause, base === 2 ? "integers and bools" : "integers", value);
}

function hexadecimal(value: CelValue): string {
  if (typeof value === "string") return Buffer.from(value).toString("hex");
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (typeof value === "bigint" || value instanceof Uint) return inBase(value, 16, "hex");
  throw misused("hex", "integers, byte buffers, and strings", value);
}

const misused = (clause: string, wanted: string, value: CelValue): CelError =>
  new CelError(`error during formatting: ${clause} clause can only be used on ${wanted}, was given ${typeNameOf(value)}`);

const shownKinds = "strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps";

/** Plain texts as they are, those in lists and maps as they would be written. */
function shown(value: CelValue, depth: number): string {
  if (depth > 32) throw new CelError("error during formatting: nested too deep");
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "bigint" || value instanceof Uint) return decimal(value);
  if (value instanceof TypeValue) return value.name;
  return (depth === 0 ? plain(value) : written(value)) ?? shownCollection(value, depth);
}

function plain(value: CelValue): string | undefined {
  if (typeof value === "string") return value;
  if (typeof value === "number") return doubleText(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString();
  if (value instanceof Timestamp) return formatTimestamp(value);
  return value instanceof Duration ? formatDuration(value) : undefined;
}

function written(value: CelValue): string | undefined {
  if (typeof value === "number") return real(value, "fixed-point", (number) => number.toFixed(6));
  const text = plain(value);
  if (text === undefined) return undefined;
  if (value instanceof Uint8Array) return `b${JSON.stringify(text)}`;
  if (value instanceof Timestamp) return `timestamp(${JSON.stringify(text)})`;
  return value instanceof Duration ? `duration(${JSON.stringify(text)})` : JSON.stringify(text);
}

function shownCollection(value: CelValue, depth: number): string {
  if (isList(value)) return `[${[...itemsOf(value)].map((item) => shown(item, depth + 1)).join(", ")}]`;
  if (!isMap(value) || value.objectType !== undefined) throw misused("string", shownKinds, value);
  const entries = value.keys().map((key) => `${shown(key, depth + 1)}:${shown(value.get(key) ?? null, depth + 1)}`);
  return `{${entries.toSorted((a, b) => (a < b ? -1 : 1)).join(", ")}}`;
}
