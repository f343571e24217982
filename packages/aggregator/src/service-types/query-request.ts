import { elementsOf, membersOf } from "@dataplane/frames";
import { badRequest, isJsonObject, type JsonObject } from "@dataplane/meta";
import type { DataQuery } from "@dataplane/plugin-protocol";
import { parseTimeRange, type TimeRangeMs } from "./time-range.js";

/** The data source that a query names, as far as it does. */
interface NamedDatasource {
  readonly uid: string | undefined;
  readonly type: string | undefined;
}

/** One query, ready for the plugin, and the data source that it names. */
export interface ParsedQuery {
  readonly query: DataQuery;
  /** The range as it would be at another time; the same one at each where it is not relative. */
  readonly rangeAt?: (now: Date) => TimeRangeMs;
  readonly datasource: NamedDatasource;
}

export const refIdsOf = (queries: readonly ParsedQuery[]): readonly string[] => queries.map(({ query: { refId } }) => refId);

const defaultMaxDataPoints = 100;
const defaultIntervalMs = 1000;

/**
 * Parses the body of a query: `{from, to, queries: [{refId, datasource, queryType, maxDataPoints, intervalMs, timeRange, hide, …}]}`.
 * Hidden queries are left out; each of the others goes to the plugin as it was sent, keys that are unknown here included. Throws
 * BadRequest with the query at fault.
 */
export function parseQueryRequest(text: string, now: Date): readonly ParsedQuery[] {
  const body = parseJson(text);
  if (!isJsonObject(body)) throw badRequest("the body must be a JSON object");
  const queries = body["queries"];
  if (queries === undefined || queries === null) throw badRequest("queries: required, a list of at least one query");
  if (!Array.isArray(queries)) throw badRequest("queries: must be a list");
  if (queries.length === 0) throw badRequest("queries: must not be empty");
  const rangeAt = (at: Date): TimeRangeMs => parseTimeRange(body["from"] ?? undefined, body["to"] ?? undefined, at);
  const range = rangeAt(now);
  // As they were sent: JSON.parse and stringify would round integers beyond 2^53.
  const slices = elementsOf(membersOf(text).get("queries") ?? "");
  const parsed = queries.map((query: unknown, index) => parseQuery(query, slices[index] ?? "{}", `queries[${index}]`, { range, rangeAt, now }));
  requireUniqueRefIds(parsed);
  return parsed.flatMap(({ hidden, ...query }) => (hidden ? [] : [query]));
}

function parseJson(text: string): unknown {
  if (text.trim() === "") throw badRequest("the body is empty: want a JSON object with queries");
  try {
    return JSON.parse(text);
  } catch (cause) {
    // V8's message quotes the body, which may hold a secret.
    throw badRequest(`the body is no JSON${position(cause)}`, { cause });
  }
}

const position = (thrown: unknown): string => {
  const found = thrown instanceof Error ? /position \d+/.exec(thrown.message) : null;
  return found === null ? "" : `: error at ${found[0]}`;
};

function parseQuery(
  query: unknown,
  sent: string,
  field: string,
  { range, rangeAt, now }: { readonly range: TimeRangeMs; readonly rangeAt: (now: Date) => TimeRangeMs; readonly now: Date },
): ParsedQuery & { readonly hidden: boolean } {
  if (!isJsonObject(query)) throw badRequest(`${field}: must be an object`);
  const datasource = parseDatasource(query["datasource"], `${field}.datasource`);
  refuseExpressions(datasource, field);
  const ownRangeAt = (at: Date): TimeRangeMs | undefined => ownTimeRange(query["timeRange"], at, `${field}.timeRange`);
  return {
    hidden: query["hide"] === true,
    datasource,
    rangeAt: (at) => ownRangeAt(at) ?? rangeAt(at),
    query: {
      refId: optionalText(query, "refId", field) || "A",
      queryType: optionalText(query, "queryType", field),
      maxDataPoints: positive(query, "maxDataPoints", defaultMaxDataPoints, field),
      intervalMS: positive(query, "intervalMs", defaultIntervalMs, field),
      timeRange: ownRangeAt(now) ?? range,
      json: Buffer.from(sent),
    },
  };
}

function parseDatasource(value: unknown, field: string): NamedDatasource {
  if (value === undefined || value === null) return { uid: undefined, type: undefined };
  // The oldest form: the uid alone.
  if (typeof value === "string") return { uid: value, type: undefined };
  if (!isJsonObject(value)) throw badRequest(`${field}: must be an object with uid and type`);
  return { uid: optionalText(value, "uid", field) || undefined, type: optionalText(value, "type", field) || undefined };
}

function refuseExpressions({ uid, type }: NamedDatasource, field: string): void {
  if (uid === "__expr__" || type === "__expr__") {
    throw badRequest(`${field}: expressions (__expr__) are not supported; query the data source itself`);
  }
}

function optionalText(object: JsonObject, key: string, field: string): string {
  const value = object[key] ?? "";
  if (typeof value !== "string") throw badRequest(`${field}.${key}: must be a string`);
  return value;
}

/** Absent, null, zero and negative numbers give the default: plugins divide by them. */
function positive(object: JsonObject, key: string, otherwise: number, field: string): number {
  const value = object[key] ?? 0;
  if (typeof value !== "number" || !Number.isFinite(value) || value > Number.MAX_SAFE_INTEGER) {
    throw badRequest(`${field}.${key}: must be a number`);
  }
  return value < 1 ? otherwise : Math.trunc(value);
}

function ownTimeRange(value: unknown, now: Date, field: string): TimeRangeMs | undefined {
  if (value === undefined || value === null) return undefined;
  if (!isJsonObject(value)) throw badRequest(`${field}: must be an object with from and to`);
  return parseTimeRange(value["from"] ?? undefined, value["to"] ?? undefined, now, `${field}.`);
}

function requireUniqueRefIds(queries: readonly ParsedQuery[]): void {
  const seen = new Set<string>();
  for (const { query } of queries) {
    if (seen.has(query.refId)) throw badRequest(`refId ${JSON.stringify(query.refId)} is there twice: each query needs its own`);
    seen.add(query.refId);
  }
}
