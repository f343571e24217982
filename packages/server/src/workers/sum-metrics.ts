/** What says of one process alone what a sum would not: the control process' own counts. */
const notSummed: ReadonlySet<string> = new Set(["process_start_time_seconds", "process_max_fds", "dataplane_build_info"]);

interface Family {
  readonly head: string[];
  type: string;
  /** By name and labels, in the order in which they came. */
  readonly samples: Map<string, number>;
}

/** Texts in Prometheus' format, of this server's own making (`Metrics.text`), as one: the same series are added up. */
export function sumMetrics(texts: readonly string[]): string {
  const sum = new Map<string, Family>();
  for (const text of texts) addTo(sum, text);
  return [...sum]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { head, samples }]) => [...head, ...[...samples].map(([series, value]) => `${series} ${shown(value)}`), ""].join("\n"))
    .join("");
}

/** What only grows, of one whose process has ended: it goes on to count, or the sum would fall. */
export function lastingMetrics(text: string): string {
  const families = new Map<string, Family>();
  addTo(families, text);
  for (const [name, { type }] of families) if (type === "gauge") families.delete(name);
  return [...families.values()]
    .map(({ head, samples }) => [...head, ...[...samples].map(([series, value]) => `${series} ${shown(value)}`), ""].join("\n"))
    .join("");
}

function addTo(sum: Map<string, Family>, text: string): void {
  let family: Family | undefined;
  let isNew = false;
  for (const line of text.split("\n")) {
    if (line === "") continue;
    if (line.startsWith("# HELP ")) {
      const name = line.split(" ")[2] ?? "";
      isNew = !sum.has(name);
      family = sum.get(name) ?? { head: [], type: "", samples: new Map() };
      sum.set(name, family);
      if (isNew) family.head.push(line);
      else if (notSummed.has(name)) family = undefined;
    } else if (line.startsWith("#")) {
      if (isNew && family !== undefined) {
        family.head.push(line);
        family.type = line.split(" ")[3] ?? "";
      }
    } else if (family !== undefined) {
      // A label's value may have blanks; the sample's own has none.
      const at = line.lastIndexOf(" ");
      const series = line.slice(0, at);
      family.samples.set(series, (family.samples.get(series) ?? 0) + valueOf(line.slice(at + 1)));
    }
  }
}

const valueOf = (text: string): number => (text === "+Inf" ? Number.POSITIVE_INFINITY : Number(text));
const shown = (value: number): string => (value === Number.POSITIVE_INFINITY ? "+Inf" : String(value));
