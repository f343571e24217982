import { BadRequestError, type JsonObject, type Query, readBoolean, readNumber, readString } from "@dataplane/plugin-sdk";
import { filtersOf } from "./filters.js";
import { interpolate } from "./interpolate.js";
import { injectMatchers } from "./promql-matchers.js";
import { calculateStep } from "./step.js";

/** A query as it is asked of Prometheus. Times in milliseconds since the epoch. */
export interface PrometheusQuery {
  readonly refId: string;
  /** With variables replaced and filters added. */
  readonly expr: string;
  readonly stepMs: number;
  readonly from: number;
  readonly to: number;
  readonly utcOffsetSec: number;
  readonly range: boolean;
  readonly instant: boolean;
  readonly exemplar: boolean;
  readonly legendFormat: string;
  readonly format: "time_series" | "table" | "heatmap";
}

const formats = ["time_series", "table", "heatmap"] as const;

/** Reads the keys of Grafana's Prometheus query. Throws BadRequestError naming the key that is wrong. */
export function readQuery(query: Query, options: { readonly scrapeInterval: string; readonly fromAlert: boolean }): PrometheusQuery {
  const { json, refId, timeRange } = query;
  const expr = readString(json, "expr", "").trim();
  if (expr === "") throw new BadRequestError("expr is empty");
  const [from, to] = [timeRange.from.getTime(), timeRange.to.getTime()];
  if (from > to) throw new BadRequestError("the time range ends before it begins");
  const minStep = readString(json, "interval", "").trim();
  const { scrapeInterval } = options;
  const rangeMs = to - from;
  const stepMs = calculateStep({
    rangeMs,
    scrapeInterval,
    minStep,
    maxDataPoints: query.maxDataPoints,
    // As posted: a host that was told none says some number all the same.
    intervalMs: readNumber(json, "intervalMs", 0),
    intervalFactor: readNumber(json, "intervalFactor", 1),
  });
  return {
    ...{ refId, stepMs, from, to },
    expr: injectMatchers(interpolate(expr, { stepMs, rangeMs, minStep, scrapeInterval }), filtersOf(json)),
    utcOffsetSec: readNumber(json, "utcOffsetSec", 0),
    ...kindsOf(json, options.fromAlert),
    legendFormat: readString(json, "legendFormat", ""),
    format: formatOf(json),
  };
}

/** Old queries name no kind and mean a range. Alert rules look at series only. */
function kindsOf(json: JsonObject, fromAlert: boolean) {
  const instant = readBoolean(json, "instant", false);
  const exemplar = readBoolean(json, "exemplar", false) && !fromAlert;
  const range = readBoolean(json, "range", false) || !(instant || exemplar);
  return { instant, exemplar, range };
}

function formatOf(json: JsonObject): PrometheusQuery["format"] {
  const text = readString(json, "format", "time_series");
  const format = formats.find((known) => known === text);
  if (format === undefined && text !== "") throw new BadRequestError(`format must be one of ${formats.join(", ")}`);
  return format ?? "time_series";
}
