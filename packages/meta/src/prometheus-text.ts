/** One line of a metric's text. */
export interface Sample {
  readonly suffix?: string;
  readonly labelValues: readonly string[];
  /** Upper bound of a histogram's bucket. */
  readonly le?: number;
  readonly value: number;
}

export interface FamilyHeader {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
}

/** A metric in Prometheus' text format; empty without a sample. */
export function familyText({ name, help, type, labels }: FamilyHeader, samples: Iterable<Sample>): string {
  const lines: string[] = [];
  for (const { suffix = "", labelValues, le, value } of samples) {
    const pairs = labels.map((label, index) => `${label}="${escaped(labelValues[index] ?? "")}"`);
    if (le !== undefined) pairs.push(`le="${number(le)}"`);
    lines.push(`${name}${suffix}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${number(value)}\n`);
  }
  if (lines.length === 0) return "";
  const words = help.replaceAll("\\", String.raw`\\`).replaceAll("\n", String.raw`\n`);
  return `# HELP ${name} ${words}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

const escaped = (text: string): string => text.replaceAll("\\", String.raw`\\`).replaceAll('"', String.raw`\"`).replaceAll("\n", String.raw`\n`);

function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  return String(value);
}
