import { badRequest } from "@dataplane/meta";

/** Bounds in milliseconds since the epoch. */
export interface TimeRangeMs {
  readonly fromEpochMS: number;
  readonly toEpochMS: number;
}

const minute = 60_000;
const fixedUnits = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", minute],
  ["h", 60 * minute],
  ["d", 24 * 60 * minute],
  ["w", 7 * 24 * 60 * minute],
]);
const monthsOf = new Map([
  ["M", 1],
  ["Q", 3],
  ["y", 12],
]);

/**
 * `from` and `to` as Grafana's clients send them: milliseconds since the epoch (number or text), RFC 3339, or relative to now:
 * `now-1h`, `now-1d/d`, `now/w`, `5m` (ago). `/unit` rounds down for `from`, and to the unit's last millisecond for `to`; in UTC,
 * weeks begin on Monday. Throws BadRequest, naming `field`.
 */
export function parseTimeRange(from: unknown, to: unknown, now: Date, field = ""): TimeRangeMs {
  return {
    fromEpochMS: parseTime(from ?? "now-6h", now, false, `${field}from`),
    toEpochMS: parseTime(to ?? "now", now, true, `${field}to`),
  };
}

function parseTime(value: unknown, now: Date, roundUp: boolean, field: string): number {
  const parsed = typeof value === "number" ? Math.trunc(value) : typeof value === "string" ? parseTimeText(value.trim(), now, roundUp) : undefined;
  if (parsed === undefined || !Number.isSafeInteger(parsed)) {
    throw badRequest(`${field}: ${JSON.stringify(value)} is no time: want epoch milliseconds, RFC 3339, or a form such as now-1h or now/d`);
  }
  return parsed;
}

function parseTimeText(text: string, now: Date, roundUp: boolean): number | undefined {
  if (/^-?\d{1,16}$/.test(text)) return Number(text);
  if (text.startsWith("now")) return relative(text.slice(3), now.getTime(), roundUp);
  const ago = /^(\d{1,9})(ms|[smhdwMQy])$/.exec(text);
  if (ago !== null) return shift(now.getTime(), -Number(ago[1]), ago[2] ?? "");
  return instant(text);
}

/** RFC 3339, a date alone, or a time without a zone, which is UTC. */
function instant(text: string): number | undefined {
  const date = text.slice(0, 10);
  const [, time, zone] = text.length === 10 ? ["", "00:00:00", ""] : (/^[T ](\d\d:\d\d:\d\d[.\d]{0,10})(.{0,6})$/.exec(text.slice(10)) ?? []);
  if (time === undefined || !/^\d{4}-\d\d-\d\d$/.test(date)) return undefined;
  const parsed = Date.parse(`${date}T${time}${zone === undefined || zone === "" ? "Z" : zone}`);
  return Number.isNaN(parsed) ? undefined : parsed;
}

function relative(text: string, now: number, roundUp: boolean): number | undefined {
  const step = /([+-])(\d{0,9})(ms|[smhdwMQy])|\/([smhdwMQy])/y;
  let time = now;
  let end = 0;
  while (end < text.length) {
    step.lastIndex = end;
    const found = step.exec(text);
    if (found === null) return undefined;
    const [whole, sign, count, unit, rounding] = found;
    if (rounding !== undefined) time = round(time, rounding, roundUp);
    else time = shift(time, (sign === "-" ? -1 : 1) * Number(count === "" ? 1 : count), unit ?? "");
    end += whole.length;
  }
  return time;
}

function shift(time: number, count: number, unit: string): number {
  const fixed = fixedUnits.get(unit);
  return fixed === undefined ? shiftMonths(time, count * (monthsOf.get(unit) ?? 0)) : time + count * fixed;
}

/** The same day of another month, or that month's last day where it is shorter. */
function shiftMonths(time: number, months: number): number {
  const date = new Date(time);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, lastDay));
  return date.getTime();
}

function round(time: number, unit: string, up: boolean): number {
  const start = startOf(time, unit);
  return up ? shift(start, 1, unit) - 1 : start;
}

function startOf(time: number, unit: string): number {
  const date = new Date(time);
  const months = monthsOf.get(unit);
  if (months !== undefined) {
    const month = date.getUTCMonth();
    return Date.UTC(date.getUTCFullYear(), month - (month % months), 1);
  }
  const size = fixedUnits.get(unit === "w" ? "d" : unit) ?? 1;
  const floor = Math.floor(time / size) * size;
  if (unit !== "w") return floor;
  return floor - ((date.getUTCDay() + 6) % 7) * size;
}
