import { type Frame, frame, isJsonObject, numberField, stringField, timeField } from "@dataplane/plugin-sdk";
import { byName, garbled, type Labels, labelsOf, numberOf } from "./result.js";

interface Exemplar {
  /** Milliseconds. */
  readonly time: number;
  readonly value: number;
  readonly labels: Labels;
}

/**
 * One frame with all exemplars by time: Time, Value, and a column for each label of an exemplar or its series
 * (https://prometheus.io/docs/prometheus/latest/querying/api/#querying-exemplars). Throws DownstreamError.
 */
export function exemplarFrames(data: unknown): readonly Frame[] {
  if (!Array.isArray(data)) throw garbled();
  const exemplars = data.flatMap(exemplarsOf).sort((a, b) => a.time - b.time);
  if (exemplars.length === 0) return [];
  const names = [...new Set(exemplars.flatMap(({ labels }) => Object.keys(labels)))].sort(byName);
  return [
    frame({
      name: "exemplar",
      meta: { custom: { resultType: "exemplar" } },
      fields: [
        timeField(
          "Time",
          exemplars.map(({ time }) => time),
        ),
        numberField(
          "Value",
          exemplars.map(({ value }) => value),
        ),
        ...names.map((name) =>
          stringField(
            name,
            exemplars.map(({ labels }) => labels[name] ?? ""),
          ),
        ),
      ],
    }),
  ];
}

function exemplarsOf(series: unknown): readonly Exemplar[] {
  if (!isJsonObject(series) || !Array.isArray(series["exemplars"])) throw garbled();
  const seriesLabels = labelsOf(series["seriesLabels"] ?? {});
  return series["exemplars"].map((exemplar: unknown) => {
    if (!isJsonObject(exemplar)) throw garbled();
    const { timestamp, value, labels } = exemplar;
    if (typeof timestamp !== "number" || typeof value !== "string") throw garbled();
    return { time: Math.round(timestamp * 1000), value: numberOf(value), labels: { ...seriesLabels, ...labelsOf(labels ?? {}) } };
  });
}
