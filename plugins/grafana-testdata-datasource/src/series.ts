import { BadRequestError, isJsonObject, type Query, readString } from "@dataplane/plugin-sdk";

/** A frame has at most this many rows, whatever range and interval are asked for. */
export const maxRows = 10_000;

/** Name of a series: the query's alias, else its refId, with a number when there are several. */
export function seriesName(query: Query, index: number, count: number): string {
  const alias = readString(query.json, "alias", "");
  const name = alias === "" ? `${query.refId}-series` : alias.replaceAll("$__refId", query.refId);
  return count > 1 ? `${name}${index + 1}` : name;
}

/** Labels as the query has them: an object, or text such as `a=b, c="d"`. Throws BadRequestError. */
export function labelsOf(value: unknown): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (isJsonObject(value)) return Object.fromEntries(Object.entries(value).map(([name, label]) => [name, String(label)]));
  if (typeof value !== "string") throw new BadRequestError("labels must be an object or text such as a=b,c=d");
  return Object.fromEntries(value.replace(/^\{/, "").replace(/\}$/, "").split(",").map(labelPair));
}

function labelPair(pair: string): readonly [string, string] {
  const at = pair.indexOf("=");
  if (at < 1) throw new BadRequestError(`label ${JSON.stringify(pair)} must have the form name=value`);
  const value = pair.slice(at + 1).trim();
  return [pair.slice(0, at).trim(), value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value];
}

/** Milliseconds from one row to the next: the query's interval, but wide enough that the whole range fits into a frame. */
export function stepOf(query: Query): number {
  const { from, to } = rangeOf(query);
  const wanted = query.intervalMs > 0 ? query.intervalMs : (to - from) / Math.max(query.maxDataPoints, 1);
  return Math.max(1, Math.ceil(Math.max(wanted, (to - from) / maxRows)));
}

/** The range in milliseconds since the epoch. */
export function rangeOf(query: Query): { readonly from: number; readonly to: number } {
  return { from: query.timeRange.from.getTime(), to: query.timeRange.to.getTime() };
}

/** Each row's time, from the start of the range up to, not including, its end. */
export function timesOf(query: Query, step = stepOf(query)): readonly number[] {
  const { from, to } = rangeOf(query);
  const count = Math.min(maxRows, Math.max(0, Math.ceil((to - from) / step)));
  return Array.from({ length: count }, (_, index) => from + index * step);
}

/** Times that are multiples of `step`, so that the same instant has the same value whatever range is asked for. */
export function alignedTimesOf(query: Query, step: number): readonly number[] {
  const { from, to } = rangeOf(query);
  const first = Math.ceil(from / step) * step;
  const count = Math.min(maxRows, Math.max(0, Math.floor((to - first) / step) + 1));
  return Array.from({ length: count }, (_, index) => first + index * step);
}
