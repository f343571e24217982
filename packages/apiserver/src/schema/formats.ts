import { isIPv4, isIPv6 } from "node:net";

// Only formats that say something about text; int32, int64, double and unknown ones are for readers.
const formats: ReadonlyMap<string, (value: string) => boolean> = new Map([
  ["date-time", (value: string) => /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,12})?(?:[Zz]|[+-]\d\d:\d\d)$/.test(value) && isTime(value)],
  ["date", (value: string) => /^\d{4}-\d\d-\d\d$/.test(value) && isTime(value)],
  ["uuid", (value: string) => /^[\da-f]{8}-?(?:[\da-f]{4}-?){3}[\da-f]{12}$/i.test(value)],
  ["uri", (value: string) => URL.canParse(value)],
  ["ipv4", isIPv4],
  ["ipv6", isIPv6],
  ["byte", (value: string) => value.length % 4 === 0 && /^[A-Za-z\d+/]*={0,2}$/.test(value)],
]);

const isTime = (value: string): boolean => !Number.isNaN(Date.parse(value.toUpperCase().replace(" ", "T")));

export const matchesFormat = (format: string, value: string): boolean => formats.get(format)?.(value) ?? true;

const compiled = new Map<string, RegExp | undefined>();

/** Patterns come from definitions, never from the object. One that JavaScript cannot read matches everything, as it was checked when it was registered. */
export function matchesPattern(pattern: string, value: string): boolean {
  if (!compiled.has(pattern)) compiled.set(pattern, compile(pattern));
  return compiled.get(pattern)?.test(value) ?? true;
}

function compile(pattern: string): RegExp | undefined {
  try {
    // The pattern is the definition's own.
    // eslint-disable-next-line security/detect-non-literal-regexp
    return new RegExp(pattern, "u");
  } catch {
    return undefined;
  }
}
