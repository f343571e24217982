const other = "other";
const separator = "\0";

/** The series of one metric by their label values, bounded: those past the bound share one. */
export class BoundedSeries<T> {
  readonly #labels: number;
  readonly #maxSeries: number;
  readonly #make: () => T;
  readonly #series = new Map<string, T>();

  constructor(options: { readonly labels?: readonly string[]; readonly maxSeries?: number }, make: () => T) {
    this.#labels = options.labels?.length ?? 0;
    this.#maxSeries = options.maxSeries ?? 1000;
    this.#make = make;
    // Without labels there is one series, and it is there from the start.
    if (this.#labels === 0) this.#series.set("", make());
  }

  with(...labelValues: readonly string[]): T {
    const key = labelValues.length === 1 ? (labelValues[0] ?? "") : labelValues.join(separator);
    return this.#series.get(key) ?? this.#add(key, labelValues.length);
  }

  *entries(): Iterable<readonly [labelValues: readonly string[], series: T]> {
    for (const [key, series] of this.#series) yield [this.#labels === 0 ? [] : key.split(separator), series];
  }

  #add(key: string, count: number): T {
    if (count !== this.#labels) throw new Error(`${this.#labels} label values were expected, ${count} came`);
    const isFull = this.#series.size >= this.#maxSeries;
    const bounded = isFull ? new Array<string>(this.#labels).fill(other).join(separator) : key;
    const known = this.#series.get(bounded);
    if (known !== undefined) return known;
    const made = this.#make();
    this.#series.set(bounded, made);
    return made;
  }
}
