import { type Frame, frame, numberField, stringField, timeField } from "@dataplane/plugin-sdk";
import { stepText } from "./duration.js";
import { legendOf } from "./legend.js";
import type { ApiAnswer } from "./prometheus-api.js";
import type { PrometheusQuery } from "./prometheus-query.js";
import { byName, type Result, readResult, type Series } from "./result.js";

type SeriesResult = Exclude<Result, { readonly type: "string" }>;

/** Frames of an answer to `query` or `query_range`, as Grafana's data source gives them. Throws DownstreamError. */
export function resultFrames(query: PrometheusQuery, answer: ApiAnswer): readonly Frame[] {
  const result = readResult(answer.data);
  const frames = framesOf(query, result);
  const [first, ...rest] = frames.length > 0 ? frames : [frame({ fields: [], meta: metaOf(query, result) })];
  if (first === undefined) return [];
  const notices = noticesOf(answer, result);
  if (frames.length === 0 && notices.length === 0) return [];
  const meta = { ...first.meta, executedQueryString: executedQuery(query), ...(notices.length > 0 ? { notices } : {}) };
  return [{ ...first, meta }, ...rest];
}

function framesOf(query: PrometheusQuery, result: Result): readonly Frame[] {
  if (result.type === "string") {
    return [frame({ meta: metaOf(query, result), fields: [timeField("Time", [result.time]), stringField("Value", [result.value])] })];
  }
  if (query.format === "table") return result.series.length === 0 ? [] : [tableFrame(query, result)];
  const series = query.format === "heatmap" ? [...result.series].sort(byUpperBound) : result.series;
  return series.map((one) => seriesFrame(query, result, one));
}

function seriesFrame(query: PrometheusQuery, result: SeriesResult, { labels, times, values }: Series): Frame {
  const name = legendOf(query, labels);
  return frame({
    ...(name === undefined ? {} : { name }),
    meta: metaOf(query, result),
    fields: [
      timeField("Time", times, intervalOf(query)),
      numberField("Value", values, { labels, ...(name === undefined ? {} : { displayName: name }) }),
    ],
  });
}

const intervalOf = ({ stepMs }: PrometheusQuery) => ({ config: { interval: stepMs } });

/** One row for each sample, one column for each label: the long form of the data plane contract. */
function tableFrame(query: PrometheusQuery, result: SeriesResult): Frame {
  const rows = result.series.flatMap(({ labels, times, values }) => times.map((time, at) => ({ labels, time, value: values[at] ?? null })));
  const names = [...new Set(result.series.flatMap(({ labels }) => Object.keys(labels)))].sort(byName);
  const type = result.type === "matrix" ? "timeseries-long" : "numeric-long";
  return frame({
    meta: { ...metaOf(query, result), type, preferredVisualisationType: "table" },
    fields: [
      timeField(
        "Time",
        rows.map(({ time }) => time),
      ),
      ...names.map((name) =>
        stringField(
          name,
          rows.map(({ labels }) => labels[name] ?? ""),
        ),
      ),
      numberField(
        "Value",
        rows.map(({ value }) => value),
      ),
    ],
  });
}

/** Buckets of a histogram from the lowest to the highest. */
function byUpperBound(a: Series, b: Series): number {
  const bound = ({ labels }: Series) => (labels["le"] === "+Inf" ? Number.POSITIVE_INFINITY : Number(labels["le"] ?? Number.NaN));
  const [left, right] = [bound(a), bound(b)];
  return left === right || Number.isNaN(left) || Number.isNaN(right) ? 0 : left - right;
}

function metaOf({ stepMs }: PrometheusQuery, { type }: Result) {
  const custom = { calculatedMinStep: stepMs, resultType: type };
  if (type === "string") return { custom };
  return { type: type === "matrix" ? "timeseries-multi" : "numeric-multi", typeVersion: [0, 1], custom };
}

function noticesOf({ warnings, infos }: ApiAnswer, result: Result) {
  const histograms = result.type === "string" ? 0 : result.histograms;
  const left = histograms === 0 ? [] : [{ severity: "warning", text: `${histograms} series with native histograms are not shown` }];
  return [...warnings.map((text) => ({ severity: "warning", text })), ...infos.map((text) => ({ severity: "info", text })), ...left];
}

const executedQuery = ({ expr, stepMs }: PrometheusQuery) => `Expr: ${expr}\nStep: ${stepText(stepMs)}`;
