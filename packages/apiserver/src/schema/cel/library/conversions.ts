import * as t from "../types/cel-type.js";
import { CelError, noSuchOverload } from "../values/cel-error.js";
import { type CelValue, Duration, isList, isMap, Timestamp, TypeValue, Uint } from "../values/cel-value.js";
import { checkedTimestamp, formatDuration, formatTimestamp, parseDuration, parseTimestamp } from "../values/time.js";
import { typeNameOf } from "../values/type-names.js";
import { type FunctionTable, global, member, type Overload, some, text } from "./function-declaration.js";
import { checkedInt, checkedUint } from "./operators.js";

const utf8 = new TextDecoder("utf-8", { fatal: true });

function toInt(value: CelValue): bigint {
  if (typeof value === "bigint") return value;
  if (value instanceof Uint) return checkedInt(value.value);
  if (typeof value === "number") return checkedInt(truncated(value));
  if (value instanceof Timestamp) return floorDiv(value.nanoseconds, 1_000_000_000n);
  if (value instanceof Duration) return value.nanoseconds;
  if (typeof value === "string" && /^[+-]?\d{1,30}$/.test(value)) return checkedInt(BigInt(value.replace(/^\+/, "")));
  throw notConvertible(value, "int");
}

const floorDiv = (a: bigint, b: bigint): bigint => (a - (((a % b) + b) % b)) / b;

function truncated(value: number): bigint {
  if (!Number.isFinite(value)) throw new CelError("integer overflow");
  return BigInt(Math.trunc(value));
}

function toUint(value: CelValue): Uint {
  if (value instanceof Uint) return value;
  if (typeof value === "bigint") return checkedUint(value);
  if (typeof value === "number") return checkedUint(truncated(value));
  if (typeof value === "string" && /^\d{1,30}$/.test(value)) return checkedUint(BigInt(value));
  throw notConvertible(value, "uint");
}

const nonFinite = /^(?:nan|[+-]?inf(?:inity)?)$/i;

/** Digits with a point and an exponent, as Go takes them: JavaScript takes more. */
const isDecimal = (value: string): boolean => value.length < 400 && /^[+-]?[\d.]+(?:[eE][+-]?\d+)?$/.test(value) && !Number.isNaN(Number(value));

function toDouble(value: CelValue): number {
  if (typeof value === "number") return value;
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Uint) return Number(value.value);
  if (typeof value === "string" && (isDecimal(value) || nonFinite.test(value)))
    return Number(
      value
        .toLowerCase()
        .replace("nan", "NaN")
        .replace(/inf(?:inity)?$/, "Infinity"),
    );
  throw notConvertible(value, "double");
}

/** `string(x)`. */
export function toText(value: CelValue): string {
  if (typeof value === "string") return value;
  if (typeof value === "bigint" || typeof value === "boolean") return value.toString();
  if (typeof value === "number") return doubleText(value);
  if (value instanceof Uint) return value.value.toString();
  if (value instanceof Timestamp) return formatTimestamp(value);
  if (value instanceof Duration) return formatDuration(value);
  if (value instanceof Uint8Array) return decoded(value);
  throw notConvertible(value, "string");
}

function decoded(value: Uint8Array): string {
  try {
    return utf8.decode(value);
  } catch {
    throw new CelError("invalid UTF-8 in bytes, cannot convert to string");
  }
}

/** Go's `%g`-like form: an exponent only for very large and very small numbers. */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const [mantissa = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power >= -4 && power < shortestPrecision) return value.toString();
  return `${mantissa}e${power < 0 ? "-" : "+"}${Math.abs(power).toString().padStart(2, "0")}`;
}

/** From here on Go writes an exponent. */
const shortestPrecision = 6;

function toBool(value: CelValue): boolean {
  if (typeof value === "boolean") return value;
  if (typeof value === "string" && /^(?:1|t|T|TRUE|true|True)$/.test(value)) return true;
  if (typeof value === "string" && /^(?:0|f|F|FALSE|false|False)$/.test(value)) return false;
  throw notConvertible(value, "bool");
}

/** Schemas take a date alone and small letters too, CEL does not. */
export const isStrictTime = (value: string): boolean => value.includes("T") && /[Z\d]$/.test(value);

function toTimestamp(value: CelValue): Timestamp {
  if (value instanceof Timestamp) return value;
  if (typeof value === "bigint") return checkedTimestamp(value * 1_000_000_000n);
  const parsed = typeof value === "string" && isStrictTime(value) ? parseTimestamp(value) : undefined;
  if (parsed === undefined) throw notConvertible(value, "google.protobuf.Timestamp");
  return checkedTimestamp(parsed.nanoseconds, parsed.offsetMinutes);
}

function toDuration(value: CelValue): Duration {
  if (value instanceof Duration) return value;
  const parsed = typeof value === "string" ? parseDuration(value) : undefined;
  if (parsed === undefined) throw notConvertible(value, "google.protobuf.Duration");
  return parsed;
}

const notConvertible = (value: CelValue, wanted: string): CelError =>
  new CelError(`type conversion error from '${typeNameOf(value)}' to '${wanted}'`);

/** Number of code points, bytes, items or entries. */
export function sizeOfValue(value: CelValue): bigint {
  if (typeof value === "string") return BigInt(codePoints(value));
  if (value instanceof Uint8Array) return BigInt(value.length);
  if (isList(value) || isMap(value)) return BigInt(value.size);
  throw noSuchOverload();
}

export function codePoints(value: string): number {
  let count = 0;
  for (const _ of value) count++;
  return count;
}

const from = (types: readonly t.CelType[], result: t.CelType, convert: (value: CelValue) => CelValue): readonly Overload[] =>
  types.map((type) => global([type], result, (value) => convert(some(value))));

const sized = [t.string, t.bytes, t.list(t.param("T")), t.map(t.param("K"), t.param("T"))];

export const conversions: FunctionTable = {
  int: from([t.int, t.uint, t.double, t.string, t.timestamp, t.duration], t.int, toInt),
  uint: from([t.uint, t.int, t.double, t.string], t.uint, toUint),
  double: from([t.double, t.int, t.uint, t.string], t.double, toDouble),
  string: from(
    [t.string, t.bool, t.int, t.uint, t.double, t.bytes, t.timestamp, t.duration, t.opaque("net.IP"), t.opaque("net.CIDR")],
    t.string,
    toTextOrShown,
  ),
  bool: from([t.bool, t.string], t.bool, toBool),
  bytes: [...from([t.bytes], t.bytes, (value) => value), ...from([t.string], t.bytes, (value) => Buffer.from(text(value)))],
  timestamp: from([t.timestamp, t.string, t.int], t.timestamp, toTimestamp),
  duration: from([t.duration, t.string], t.duration, toDuration),
  dyn: from([t.param("T")], t.dyn, (value) => value),
  type: from([t.param("T")], t.typeOf(t.param("T")), (value) => new TypeValue(typeNameOf(value))),
  size: sized.flatMap((type) => {
    const run = (value: CelValue | undefined): CelValue => sizeOfValue(some(value));
    return [global([type], t.int, run), member([type], t.int, run)];
  }),
};

function toTextOrShown(value: CelValue): string {
  return typeof value === "object" && value !== null && "shown" in value && typeof value.shown === "string" ? value.shown : toText(value);
}
