import { BoundedSeries } from "./metric-series.js";
import { familyText, type Sample } from "./prometheus-text.js";

/** Only grows. */
export interface Counter {
  /** By 1 unless told. */
  inc(amount?: number): void;
}

/** Goes up and down. */
export interface Gauge {
  set(value: number): void;
  add(amount: number): void;
}

/** Counts observations in buckets, for quantiles over time. */
export interface Histogram {
  /** In the unit of the name: seconds, bytes. */
  observe(value: number): void;
}

/** One metric with its labels: `with` gives the series of these values, in the order of the label names. Keep what it gave on a hot path. */
export interface MetricFamily<T> {
  with(...labelValues: readonly string[]): T;
}

export interface MetricOptions {
  /** As Prometheus names metrics: base unit, `_total` on counters. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  /**
   * Series at most, 1000 unless told; what comes after them is counted together under `other` in every label, so that a caller who
   * makes up names fills no memory.
   */
  readonly maxSeries?: number;
}

export interface HistogramOptions extends MetricOptions {
  /** Upper bounds, ascending, without +Inf. Those of a request's seconds unless told. */
  readonly buckets?: readonly number[];
}

/** A value that is read when somebody looks. */
export interface ObservedOptions extends MetricOptions {
  readonly type: "counter" | "gauge";
  /** Values of the labels, and the value. Called at each scrape; must be quick and throw nothing. */
  readonly read: () => Iterable<readonly [labelValues: readonly string[], value: number]>;
}

/** The metrics of one process. Each name is declared once; a second declaration throws, for it is a bug. */
export interface Metrics {
  counter(options: MetricOptions): MetricFamily<Counter>;
  gauge(options: MetricOptions): MetricFamily<Gauge>;
  histogram(options: HistogramOptions): MetricFamily<Histogram>;
  observed(options: ObservedOptions): void;
  /** Prometheus' text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/), families sorted by name. */
  text(): string;
}

/** Buckets of requests that take from a millisecond to a minute. */
export const requestSeconds: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export function createMetrics(): Metrics {
  const families = new Map<string, () => string>();
  const declare = (type: "counter" | "gauge" | "histogram", options: MetricOptions, samples: () => Iterable<Sample>): void => {
    const { name, help, labels = [] } = options;
    if (families.has(name)) throw new Error(`metric ${name} is declared twice`);
    families.set(name, () => familyText({ name, help, type, labels }, samples()));
  };
  const simple = <T>(type: "counter" | "gauge", options: MetricOptions, make: () => T & { readonly value: number }): MetricFamily<T> => {
    const series = new BoundedSeries(options, make);
    declare(type, options, function* () {
      for (const [labelValues, { value }] of series.entries()) yield { labelValues, value };
    });
    return series;
  };
  return {
    counter: (options) => simple<Counter>("counter", options, () => new CounterSeries()),
    gauge: (options) => simple<Gauge>("gauge", options, () => new GaugeSeries()),
    histogram(options) {
      const buckets = options.buckets ?? requestSeconds;
      const series = new BoundedSeries(options, () => new HistogramSeries(buckets));
      declare("histogram", options, function* () {
        for (const [labelValues, histogram] of series.entries()) yield* histogram.samples(labelValues);
      });
      return series;
    },
    observed(options) {
      declare(options.type, options, function* () {
        for (const [labelValues, value] of options.read()) yield { labelValues, value };
      });
    },
    text: () =>
      [...families]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, text]) => text())
        .join(""),
  };
}

class CounterSeries implements Counter {
  value = 0;

  inc(amount = 1): void {
    this.value += amount;
  }
}

class GaugeSeries implements Gauge {
  value = 0;

  set(value: number): void {
    this.value = value;
  }

  add(amount: number): void {
    this.value += amount;
  }
}

class HistogramSeries implements Histogram {
  readonly #bounds: readonly number[];
  /** Of each bucket alone; they are added up when somebody looks. The last one is +Inf. */
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    let bucket = 0;
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  *samples(labelValues: readonly string[]): Iterable<Sample> {
    let count = 0;
    for (const [index, own] of this.#counts.entries()) {
      count += own;
      yield { suffix: "_bucket", labelValues, le: this.#bounds[index] ?? Number.POSITIVE_INFINITY, value: count };
    }
    yield { suffix: "_sum", labelValues, value: this.#sum };
    yield { suffix: "_count", labelValues, value: count };
  }
}
