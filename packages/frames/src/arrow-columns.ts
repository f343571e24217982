import * as valueOf from "./field-value.js";
import type { Field } from "./frame.js";

/** Buffers of a column in Arrow's order: validity, then offsets if any, then values. */
export interface ArrowColumn {
  readonly nulls: number;
  readonly buffers: readonly Buffer[];
}

type Put = (row: number, value: Field["values"][number]) => void;

function fixedWidth(field: Field, rows: number): [Buffer, Put] {
  const fixed = (bytes: number, write: (data: Buffer, value: Field["values"][number], row: number) => void): [Buffer, Put] => {
    const data = Buffer.alloc(rows * bytes);
    return [data, (row, value) => write(data, value, row)];
  };
  switch (field.type) {
    case "int8":
      return fixed(1, (data, value, row) => data.writeInt8(valueOf.smallInteger(field, value, row), row));
    case "uint8":
      return fixed(1, (data, value, row) => data.writeUInt8(valueOf.smallInteger(field, value, row), row));
    case "int16":
      return fixed(2, (data, value, row) => data.writeInt16LE(valueOf.smallInteger(field, value, row), row * 2));
    case "uint16":
    case "enum":
      return fixed(2, (data, value, row) => data.writeUInt16LE(valueOf.smallInteger(field, value, row), row * 2));
    case "int32":
      return fixed(4, (data, value, row) => data.writeInt32LE(valueOf.smallInteger(field, value, row), row * 4));
    case "uint32":
      return fixed(4, (data, value, row) => data.writeUInt32LE(valueOf.smallInteger(field, value, row), row * 4));
    case "float32":
      return fixed(4, (data, value, row) => data.writeFloatLE(valueOf.float(field, value, row), row * 4));
    case "float64":
      return fixed(8, (data, value, row) => data.writeDoubleLE(valueOf.float(field, value, row), row * 8));
    case "uint64":
      return fixed(8, (data, value, row) => data.writeBigUInt64LE(valueOf.bigInteger(field, value, row), row * 8));
    case "int64":
    case "time":
      return fixed(8, (data, value, row) => data.writeBigInt64LE(valueOf.bigInteger(field, value, row), row * 8));
    case "bool":
    case "string":
    case "json":
      return bits(field, rows);
  }
}

function setBit(bits: Buffer, row: number): void {
  bits[row >> 3] = (bits[row >> 3] ?? 0) | (1 << (row & 7));
}

function bits(field: Field, rows: number): [Buffer, Put] {
  const data = Buffer.alloc((rows + 7) >> 3);
  const put: Put = (row, value) => {
    if (valueOf.boolean(field, value, row)) setBit(data, row);
  };
  return [data, put];
}

function textBuffers(field: Field): [Buffer, Buffer] {
  const offsets = Buffer.alloc((field.values.length + 1) * 4);
  const parts: Buffer[] = [];
  let end = 0;
  for (const [row, value] of field.values.entries()) {
    if (value !== null) {
      const part = Buffer.from(valueOf.text(field, value, row));
      parts.push(part);
      end += part.length;
    }
    offsets.writeInt32LE(end, (row + 1) * 4);
  }
  return [offsets, Buffer.concat(parts, end)];
}

function validityOf(field: Field): { nulls: number; validity: Buffer } {
  const validity = Buffer.alloc((field.values.length + 7) >> 3);
  let nulls = 0;
  for (const [row, value] of field.values.entries()) {
    if (valueOf.isNull(field, value, row)) nulls++;
    else setBit(validity, row);
  }
  return { nulls, validity: nulls > 0 ? validity : Buffer.alloc(0) };
}

/** A field's values in Arrow's layout. Throws FrameError for a value that is not of the field's type. */
export function columnOf(field: Field): ArrowColumn {
  const { nulls, validity } = validityOf(field);
  if (field.type === "string" || field.type === "json") return { nulls, buffers: [validity, ...textBuffers(field)] };
  const [data, put] = fixedWidth(field, field.values.length);
  for (const [row, value] of field.values.entries()) if (value !== null) put(row, value);
  return { nulls, buffers: [validity, data] };
}
