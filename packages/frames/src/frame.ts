/** Types of a field's values, by Grafana's names (`typeInfo.frame`); nullable ones carry null. */
export type FieldType =
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64"
  | "float32"
  | "float64"
  | "string"
  | "bool"
  | "time"
  | "json"
  | "enum";

/** Values by type: bigint for 64-bit integers, nanoseconds since the epoch as bigint for time, JSON text for json. */
export type FieldValue = number | bigint | string | boolean | null;

export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly nullable: boolean;
  readonly values: readonly FieldValue[];
  readonly labels?: Readonly<Record<string, string>>;
  /** `config` of the field, such as displayNameFromDS, unit, links. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** A data frame: columns of equal length (https://grafana.com/developers/dataplane/). */
export interface Frame {
  readonly name?: string;
  readonly refId?: string;
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly fields: readonly Field[];
}
