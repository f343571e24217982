import { CelError } from "./cel-error.js";
import { Duration, Timestamp } from "./cel-value.js";

const second = 1_000_000_000n;
const earliest = -62_135_596_800n * second;
const latest = 253_402_300_800n * second - 1n;
const longest = 2n ** 63n - 1n;

/** Throws CelError outside the years 1 to 9999. */
export function checkedTimestamp(nanoseconds: bigint, offsetMinutes = 0): Timestamp {
  if (nanoseconds < earliest || nanoseconds > latest) throw new CelError("timestamp overflow");
  return new Timestamp(nanoseconds, offsetMinutes);
}

/** Throws CelError outside about 292 years, what Go's Duration holds. */
export function checkedDuration(nanoseconds: bigint): Duration {
  if (nanoseconds > longest || nanoseconds < -longest - 1n) throw new CelError("duration overflow");
  return new Duration(nanoseconds);
}

const rfc3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)$/;

/** RFC 3339, or a date alone; undefined for any other text. */
export function parseTimestamp(text: string): Timestamp | undefined {
  const [, date, clock, fraction = "", zone] = rfc3339.exec(text) ?? [];
  const day = /^\d{4}-\d\d-\d\d$/.test(text) ? text : undefined;
  const milliseconds = Date.parse(day === undefined ? `${date ?? ""}T${clock ?? ""}${zone?.toUpperCase() ?? ""}` : `${day}T00:00:00Z`);
  if (Number.isNaN(milliseconds)) return undefined;
  // Date.parse takes the 31st of each month.
  const named = day ?? date ?? "";
  if (!new Date(`${named}T00:00:00Z`).toISOString().startsWith(named)) return undefined;
  return new Timestamp(BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, "0")), offsetOf(zone ?? "Z"));
}

function offsetOf(zone: string): number {
  const [, sign, hours = "0", minutes = "0"] = /^([+-])(\d\d):(\d\d)$/.exec(zone) ?? [];
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

const units: ReadonlyMap<string, bigint> = new Map([
  ["ns", 1n],
  ["us", 1000n],
  ["µs", 1000n],
  ["μs", 1000n],
  ["ms", 1_000_000n],
  ["s", second],
  ["m", 60n * second],
  ["h", 3600n * second],
]);

const durationPart = /(\d{1,20})?(?:\.(\d{0,20}))?(ns|us|µs|μs|ms|s|m|h)/y;

/** Go's form of a duration, such as `1h30m` or `-1.5s`; undefined for any other text. */
export function parseDuration(text: string): Duration | undefined {
  const sign = text.startsWith("-") ? -1n : 1n;
  const body = text.replace(/^[+-]/, "");
  if (body === "0") return new Duration(0n);
  if (body === "") return undefined;
  let total = 0n;
  for (let at = 0; at < body.length; at = durationPart.lastIndex) {
    durationPart.lastIndex = at;
    const match = durationPart.exec(body);
    const unit = units.get(match?.[3] ?? "");
    if (match === null || unit === undefined || (match[1] === undefined && (match[2] ?? "") === "")) return undefined;
    const fraction = match[2] ?? "";
    total += BigInt(match[1] ?? "0") * unit + (BigInt(fraction === "" ? "0" : fraction) * unit) / 10n ** BigInt(fraction.length);
  }
  return total > longest ? undefined : new Duration(sign * total);
}

const namedPart = /(\d{1,18})\s{0,8}([A-Za-zµ]{1,16})/g;

/** Names of units, in lower case; the last of each may have an ending, as "days" has. */
const namedUnits: readonly (readonly [bigint, readonly string[]])[] = [
  [1n, ["ns", "nano"]],
  [1000n, ["us", "µs", "micro"]],
  [1_000_000n, ["ms", "milli"]],
  [second, ["s", "sec"]],
  [60n * second, ["m", "min"]],
  [3600n * second, ["h", "hr", "hour"]],
  [86_400n * second, ["d", "day"]],
  [604_800n * second, ["w", "wk", "week"]],
];

/** Go's form of a duration, or words such as `3 days`: what the format `duration` of a schema takes; undefined for any other text. */
export function parseNamedDuration(text: string): Duration | undefined {
  const plain = parseDuration(text);
  if (plain !== undefined || text.length > 256) return plain;
  let total: bigint | undefined;
  for (const [, count = "0", name = ""] of text.matchAll(namedPart)) {
    const lower = name.toLowerCase();
    const unit = namedUnits.find(([, names]) => names.includes(lower) || lower.startsWith(names.at(-1) ?? name));
    if (unit !== undefined) total = (total ?? 0n) + BigInt(count) * unit[0];
  }
  return total === undefined || total > longest ? undefined : new Duration(total);
}

/** RFC 3339 in the zone that it was written in, with as many digits as it takes. */
export function formatTimestamp({ nanoseconds, offsetMinutes }: Timestamp): string {
  const fraction = ((nanoseconds % second) + second) % second;
  const local = Number((nanoseconds - fraction) / 1_000_000n) + offsetMinutes * 60_000;
  return `${new Date(local).toISOString().slice(0, 19)}${digitsOf(fraction)}${formatOffset(offsetMinutes)}`;
}

function formatOffset(minutes: number): string {
  if (minutes === 0) return "Z";
  const size = Math.abs(minutes);
  const two = (value: number): string => Math.trunc(value).toString().padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${two(size / 60)}:${two(size % 60)}`;
}

/** Seconds, as CEL's `string(duration)` has it: `90s`, `1.5s`. */
export function formatDuration({ nanoseconds }: Duration): string {
  const sign = nanoseconds < 0n ? "-" : "";
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  return `${sign}${size / second}${digitsOf(size % second)}s`;
}

/** Nanoseconds below a second as decimals, with no more digits than they take. */
function digitsOf(fraction: bigint): string {
  if (fraction === 0n) return "";
  const digits = fraction.toString().padStart(9, "0");
  return `.${digits.replace(/0{1,8}$/, "")}`;
}
