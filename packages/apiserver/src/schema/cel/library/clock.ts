import * as t from "../types/cel-type.js";
import { CelError, noSuchOverload } from "../values/cel-error.js";
import { type CelValue, Duration, Timestamp } from "../values/cel-value.js";
import { type FunctionTable, member, type Overload, text } from "./function-declaration.js";

const millisecond = 1_000_000n;

/** A date whose UTC parts are the parts of the time in the zone. */
function inZone(value: CelValue | undefined, zone: string): Date {
  if (!(value instanceof Timestamp)) throw noSuchOverload();
  const milliseconds = Number((value.nanoseconds - (((value.nanoseconds % millisecond) + millisecond) % millisecond)) / millisecond);
  return new Date(milliseconds + offset(zone, milliseconds));
}

/** `UTC`, `+02:00`, `02:00` or a name of the time zone database; milliseconds. Throws CelError. */
function offset(zone: string, at: number): number {
  if (zone === "UTC" || zone === "Local" || zone === "") return 0;
  const [, sign, hours, minutes] = /^([+-]?)(\d{1,2}):(\d\d)$/.exec(zone) ?? [];
  if (hours !== undefined) return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  return namedOffset(zone, at);
}

function namedOffset(zone: string, at: number): number {
  try {
    const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
    const name = format.formatToParts(at).find(({ type }) => type === "timeZoneName")?.value ?? "";
    const [, sign, hours = "0", minutes = "0"] = /([+-])(\d\d):(\d\d)/.exec(name) ?? [];
    return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  } catch {
    throw new CelError(`unknown time zone ${zone.slice(0, 64)}`);
  }
}

function part(read: (date: Date) => number, ofDuration?: bigint): readonly Overload[] {
  const overloads = [
    member([t.timestamp], t.int, (value) => BigInt(read(inZone(value, "UTC")))),
    member([t.timestamp, t.string], t.int, (value, zone) => BigInt(read(inZone(value, text(zone))))),
  ];
  if (ofDuration === undefined) return overloads;
  return [...overloads, member([t.duration], t.int, (value) => inUnits(value, ofDuration))];
}

function inUnits(value: CelValue | undefined, unit: bigint): bigint {
  if (value instanceof Duration) return value.nanoseconds / unit;
  throw noSuchOverload();
}

function dayOfYear(date: Date): number {
  // Date.UTC takes years below 100 for those of the last century.
  const start = new Date(date).setUTCMonth(0, 1);
  return Math.round((new Date(date).setUTCHours(0, 0, 0, 0) - new Date(start).setUTCHours(0, 0, 0, 0)) / 86_400_000);
}

/** Parts of times and durations. */
export const clockFunctions: FunctionTable = {
  getFullYear: part((date) => date.getUTCFullYear()),
  getMonth: part((date) => date.getUTCMonth()),
  getDate: part((date) => date.getUTCDate()),
  getDayOfMonth: part((date) => date.getUTCDate() - 1),
  getDayOfYear: part(dayOfYear),
  getDayOfWeek: part((date) => date.getUTCDay()),
  getHours: part((date) => date.getUTCHours(), 3_600_000_000_000n),
  getMinutes: part((date) => date.getUTCMinutes(), 60_000_000_000n),
  getSeconds: part((date) => date.getUTCSeconds(), 1_000_000_000n),
  getMilliseconds: part((date) => date.getUTCMilliseconds(), 1_000_000n),
};
