import type { FieldType } from "./frame.js";

/** Ids of Arrow's `Type` union (format/Schema.fbs). */
export const ArrowType = { Int: 2, Float: 3, Binary: 4, Utf8: 5, Bool: 6, Timestamp: 10, LargeBinary: 19, LargeUtf8: 20 } as const;

/** What a field type is called in frame JSON (`type`, `typeInfo.frame`) and how Arrow stores it. */
export interface FieldKind {
  readonly type: FieldType;
  /** JavaScript's name of the type, `type` in JSON and `tstype` in Arrow. */
  readonly simple: "time" | "number" | "boolean" | "string" | "enum" | "other";
  /** Go's name of the type, `typeInfo.frame`. */
  readonly frame: string;
  readonly arrow: number;
  /** Bits of one value; 0 where values have offsets. */
  readonly bits: number;
  readonly signed: boolean;
}

function kind(type: FieldType, simple: FieldKind["simple"], frame: string, arrow: number, bits: number, signed = false): FieldKind {
  return { type, simple, frame, arrow, bits, signed };
}

export const FIELD_KINDS: Readonly<Record<FieldType, FieldKind>> = {
  int8: kind("int8", "number", "int8", ArrowType.Int, 8, true),
  int16: kind("int16", "number", "int16", ArrowType.Int, 16, true),
  int32: kind("int32", "number", "int32", ArrowType.Int, 32, true),
  int64: kind("int64", "number", "int64", ArrowType.Int, 64, true),
  uint8: kind("uint8", "number", "uint8", ArrowType.Int, 8),
  uint16: kind("uint16", "number", "uint16", ArrowType.Int, 16),
  uint32: kind("uint32", "number", "uint32", ArrowType.Int, 32),
  uint64: kind("uint64", "number", "uint64", ArrowType.Int, 64),
  float32: kind("float32", "number", "float32", ArrowType.Float, 32),
  float64: kind("float64", "number", "float64", ArrowType.Float, 64),
  string: kind("string", "string", "string", ArrowType.Utf8, 0),
  bool: kind("bool", "boolean", "bool", ArrowType.Bool, 1),
  time: kind("time", "time", "time.Time", ArrowType.Timestamp, 64, true),
  json: kind("json", "other", "json.RawMessage", ArrowType.Binary, 0),
  enum: kind("enum", "enum", "enum", ArrowType.Int, 16),
};
