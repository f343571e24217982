/** Rows of a column whose value JSON cannot say. */
export interface Entities {
  readonly NaN: number[];
  readonly Inf: number[];
  readonly NegInf: number[];
}

function printEntities(entities: Entities | undefined): string {
  if (entities === undefined) return "null";
  const names = ["NaN", "Inf", "NegInf"] as const;
  return `{${names
    .filter((name) => entities[name].length > 0)
    .map((name) => `"${name}":[${entities[name].join(",")}]`)
    .join(",")}}`;
}

/** What stands beside a column's values in frame JSON. */
export class ColumnExtras {
  #entities: Entities | undefined;
  /** Nanoseconds beyond the millisecond by row, up to the last row that has some. */
  readonly #nanos: number[] = [];

  get hasEntities(): boolean {
    return this.#entities !== undefined;
  }

  get hasNanos(): boolean {
    return this.#nanos.length > 0;
  }

  addEntity(value: number, row: number): void {
    this.#entities ??= { NaN: [], Inf: [], NegInf: [] };
    const rows = Number.isNaN(value) ? this.#entities.NaN : value > 0 ? this.#entities.Inf : this.#entities.NegInf;
    rows.push(row);
  }

  addNanos(nanos: number, row: number): void {
    if (nanos === 0) return;
    while (this.#nanos.length < row) this.#nanos.push(0);
    this.#nanos.push(nanos);
  }

  printEntities(): string {
    return printEntities(this.#entities);
  }

  printNanos(rows: number): string {
    if (this.#nanos.length === 0) return "null";
    return `[${this.#nanos.join(",")}${",0".repeat(rows - this.#nanos.length)}]`;
  }
}

/** The members after `values`: each only if a column has some. */
export function printExtras(columns: readonly ColumnExtras[], rows: number): string {
  const entities = columns.some((column) => column.hasEntities) ? `,"entities":[${columns.map((column) => column.printEntities()).join(",")}]` : "";
  const nanos = columns.some((column) => column.hasNanos) ? `,"nanos":[${columns.map((column) => column.printNanos(rows)).join(",")}]` : "";
  return entities + nanos;
}
