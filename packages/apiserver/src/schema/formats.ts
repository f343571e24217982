import { isIPv4, isIPv6 } from "node:net";

// Only formats that say something about text; int32, int64, double and unknown ones are for readers.
const formats: ReadonlyMap<string, (value: string) => boolean> = new Map([
  ["date-time", isDateTime],
  ["date", isDate],
  ["uuid", (value: string) => /^[\da-f]{32}$/i.test(value.replaceAll("-", "")) && (value.length === 32 || value.length === 36)],
  ["uri", (value: string) => URL.canParse(value)],
  ["ipv4", isIPv4],
  ["ipv6", isIPv6],
  ["byte", (value: string) => value.length % 4 === 0 && /^[A-Za-z\d+/]*={0,2}$/.test(value)],
]);

function isDate(value: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value));
}

/** RFC 3339; the zone is required. */
function isDateTime(value: string): boolean {
  const [date, time] = [value.slice(0, 10), value.slice(10).toUpperCase()];
  const clock = /^T\d\d:\d\d:\d\d/.test(time) ? time.slice(9).replace(/^\.\d{1,12}/, "") : "";
  return isDate(date) && /^(?:Z|[+-]\d\d:\d\d)$/.test(clock) && !Number.isNaN(Date.parse(`${date}${time}`));
}

/** Whether the text has the form; one that is not known here says nothing. */
export const matchesFormat = (format: string, value: string): boolean => formats.get(format)?.(value) ?? true;
