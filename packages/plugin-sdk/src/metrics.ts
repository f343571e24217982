export type Labels = Readonly<Record<string, string>>;

export interface MetricOptions {
  /** Such as `myplugin_rows_total`. */
  readonly name: string;
  readonly help: string;
}

export interface Counter {
  /** Adds `amount` (1 by default; never negative) to the series of these labels. */
  add(labels?: Labels, amount?: number): void;
}

export interface Gauge {
  set(value: number, labels?: Labels): void;
}

interface Family extends MetricOptions {
  readonly type: "counter" | "gauge";
  readonly series: Map<string, number>;
}

/** The metrics of one plugin process, printed in Prometheus' text format (https://prometheus.io/docs/instrumenting/exposition_formats/). */
export class Metrics {
  readonly #families = new Map<string, Family>();
  readonly #collectors: (() => void)[] = [];

  counter(options: MetricOptions): Counter {
    const { series } = this.#family(options, "counter");
    return {
      add(labels = {}, amount = 1) {
        if (amount < 0) throw new RangeError("a counter cannot go down");
        const key = labelText(labels);
        series.set(key, (series.get(key) ?? 0) + amount);
      },
    };
  }

  gauge(options: MetricOptions): Gauge {
    return this.#settable(options, "gauge");
  }

  /** A counter whose total is kept elsewhere, such as the CPU time of the process. */
  readCounter(options: MetricOptions): Gauge {
    return this.#settable(options, "counter");
  }

  #settable(options: MetricOptions, type: Family["type"]): Gauge {
    const { series } = this.#family(options, type);
    return { set: (value, labels = {}) => void series.set(labelText(labels), value) };
  }

  /** Called before each print, to set what is read rather than counted. */
  collect(collector: () => void): void {
    this.#collectors.push(collector);
  }

  toText(): string {
    for (const collector of this.#collectors) collector();
    return [...this.#families.values()].map(familyText).join("");
  }

  #family(options: MetricOptions, type: Family["type"]): Family {
    const known = this.#families.get(options.name);
    if (known !== undefined) {
      if (known.type !== type) throw new TypeError(`metric ${options.name} is a ${known.type} already`);
      return known;
    }
    const family = { ...options, type, series: new Map<string, number>() };
    this.#families.set(options.name, family);
    return family;
  }
}

function familyText({ name, help, type, series }: Family): string {
  if (series.size === 0) return "";
  const lines = [...series].map(([labels, value]) => `${name}${labels} ${numberText(value)}\n`);
  return `# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return pairs.length === 0 ? "" : `{${pairs.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(",")}}`;
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return String(value);
}
