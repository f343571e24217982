import { DownstreamError, isJsonObject } from "@dataplane/plugin-sdk";

export type Labels = Readonly<Record<string, string>>;

/** Samples of one series, times in milliseconds. */
export interface Series {
  readonly labels: Labels;
  readonly times: readonly number[];
  readonly values: readonly number[];
}

/** An answer of `query` or `query_range` (https://prometheus.io/docs/prometheus/latest/querying/api/#expression-query-result-formats). */
export type Result =
  | { readonly type: "matrix" | "vector" | "scalar"; readonly series: readonly Series[]; readonly histograms: number }
  | { readonly type: "string"; readonly time: number; readonly value: string };

/** Reads `data` of an answer. Throws DownstreamError for anything that Prometheus would not say. */
export function readResult(data: unknown): Result {
  if (!isJsonObject(data)) throw garbled();
  const { resultType: type, result } = data;
  switch (type) {
    case "matrix":
      return { type, ...seriesOf(result, "values") };
    case "vector":
      return { type, ...seriesOf(result, "value") };
    case "scalar":
      return { type, series: [samplesOf({}, [result])], histograms: 0 };
    case "string":
      return { type, time: timeOf(result), value: textOf(result) };
    default:
      throw garbled();
  }
}

function seriesOf(result: unknown, key: "value" | "values") {
  if (!Array.isArray(result)) throw garbled();
  const series: Series[] = [];
  let histograms = 0;
  for (const item of result) {
    if (!isJsonObject(item)) throw garbled();
    const samples = key === "value" && item["value"] !== undefined ? [item["value"]] : item[key];
    if (Array.isArray(samples)) series.push(samplesOf(labelsOf(item["metric"]), samples));
    else histograms += 1;
  }
  return { series, histograms };
}

function samplesOf(labels: Labels, samples: readonly unknown[]): Series {
  return { labels, times: samples.map(timeOf), values: samples.map((sample) => numberOf(textOf(sample))) };
}

/** Labels in the order of their names: the order in which frames show them. */
export function labelsOf(metric: unknown): Labels {
  if (!isJsonObject(metric)) throw garbled();
  const pairs = Object.entries(metric).map(([name, value]) => [name, String(value)] as const);
  return Object.fromEntries(pairs.toSorted(([a], [b]) => byName(a, b)));
}

/** By code units, as Prometheus sorts labels; not by any language. */
export const byName = (a: string, b: string) => (a < b ? -1 : 1);

function timeOf(sample: unknown): number {
  const time: unknown = Array.isArray(sample) ? sample[0] : undefined;
  if (typeof time !== "number") throw garbled();
  return Math.round(time * 1000);
}

function textOf(sample: unknown): string {
  const text: unknown = Array.isArray(sample) ? sample[1] : undefined;
  if (typeof text !== "string") throw garbled();
  return text;
}

/** Numbers travel as text, for NaN and the infinities. */
export function numberOf(text: string): number {
  if (text === "+Inf" || text === "Inf") return Number.POSITIVE_INFINITY;
  if (text === "-Inf") return Number.NEGATIVE_INFINITY;
  const value = Number(text);
  if (Number.isNaN(value) && text !== "NaN") throw garbled();
  return value;
}

export const garbled = () => new DownstreamError("the answer is not Prometheus'");
