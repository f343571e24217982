import type { Field, FieldType, FieldValue, Frame } from "@dataplane/frames";

/** What a field may say beside its name and values. */
export interface FieldOptions {
  readonly labels?: Readonly<Record<string, string>>;
  /** Shown in place of the name and labels (`config.displayNameFromDS`). */
  readonly displayName?: string;
  /** Further config, such as `unit`, `links`, `custom`. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Whether the schema allows null; by default whether a value is null. */
  readonly nullable?: boolean;
}

/** A Date, milliseconds since the epoch, or nanoseconds since the epoch as bigint. */
export type TimeValue = Date | number | bigint;

export interface FrameOptions {
  readonly name?: string;
  readonly refId?: string;
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly fields: readonly Field[];
}

/** A data frame. Throws TypeError when its fields differ in length (https://grafana.com/developers/dataplane/). */
export function frame(options: FrameOptions): Frame {
  const lengths = new Set(options.fields.map((field) => field.values.length));
  if (lengths.size > 1) {
    const told = options.fields.map((field) => `${field.name}: ${field.values.length}`).join(", ");
    throw new TypeError(`the fields of a frame must be equally long (${told})`);
  }
  return options;
}

/** Points in time. */
export function timeField(name: string, values: readonly (TimeValue | null)[], options: FieldOptions = {}): Field {
  return field(name, "time", values.map(toNanoseconds), options);
}

/** Double precision numbers; NaN and the infinities are kept. */
export function numberField(name: string, values: readonly (number | null)[], options: FieldOptions = {}): Field {
  return field(name, "float64", values, options);
}

/** 64-bit integers, without loss beyond 2^53. */
export function integerField(name: string, values: readonly (number | bigint | null)[], options: FieldOptions = {}): Field {
  return field(
    name,
    "int64",
    values.map((value) => (value === null ? null : BigInt(value))),
    options,
  );
}

export function stringField(name: string, values: readonly (string | null)[], options: FieldOptions = {}): Field {
  return field(name, "string", values, options);
}

export function booleanField(name: string, values: readonly (boolean | null)[], options: FieldOptions = {}): Field {
  return field(name, "bool", values, options);
}

/** Any JSON a cell; undefined is null. */
export function jsonField(name: string, values: readonly unknown[], options: FieldOptions = {}): Field {
  return field(
    name,
    "json",
    values.map((value) => JSON.stringify(value ?? null)),
    options,
  );
}

function field(name: string, type: FieldType, values: readonly FieldValue[], options: FieldOptions): Field {
  const { labels, displayName } = options;
  const config = displayName === undefined ? options.config : { displayNameFromDS: displayName, ...options.config };
  return {
    name,
    type,
    nullable: options.nullable ?? values.includes(null),
    values,
    ...(labels === undefined ? {} : { labels }),
    ...(config === undefined ? {} : { config }),
  };
}

function toNanoseconds(value: TimeValue | null): bigint | null {
  if (value === null || typeof value === "bigint") return value;
  const milliseconds = typeof value === "number" ? value : value.getTime();
  const whole = Math.floor(milliseconds);
  // Split first: a double holds today's nanoseconds only to some hundreds.
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((milliseconds - whole) * 1e6));
}
