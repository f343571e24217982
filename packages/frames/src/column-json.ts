import type { ColumnChunk } from "./arrow-reader.js";
import type { ArrowField } from "./arrow-schema-reader.js";
import { integers, type Print, viewOf } from "./column-print.js";
import type { ColumnExtras } from "./entities.js";
import { ArrowType } from "./field-kinds.js";
import { quoteBytes } from "./go-bytes.js";
import { formatFloat32, formatFloat64 } from "./go-text.js";
import { rawJsonOrNull } from "./raw-json.js";

const NANOS_PER_MILLI = 1_000_000n;

function floats(field: ArrowField, values: DataView, first: number, extras: ColumnExtras): Print {
  const single = field.kind.bits === 32;
  return (row) => {
    const value = single ? values.getFloat32(row * 4, true) : values.getFloat64(row * 8, true);
    if (Number.isFinite(value)) return single ? formatFloat32(value) : formatFloat64(value);
    extras.addEntity(value, first + row);
    return "null";
  };
}

function times(values: DataView, first: number, extras: ColumnExtras): Print {
  return (row) => {
    const nanos = values.getBigInt64(row * 8, true);
    const rest = ((nanos % NANOS_PER_MILLI) + NANOS_PER_MILLI) % NANOS_PER_MILLI;
    extras.addNanos(Number(rest), first + row);
    return String((nanos - rest) / NANOS_PER_MILLI);
  };
}

function texts(field: ArrowField, chunk: ColumnChunk, offsets: Uint8Array): Print {
  const view = viewOf(offsets);
  const bytes = Buffer.from(chunk.values.buffer, chunk.values.byteOffset, chunk.values.byteLength);
  const offset = (row: number): number => (field.offsetBytes === 8 ? Number(view.getBigInt64(row * 8, true)) : view.getInt32(row * 4, true));
  return (row) => {
    const value = bytes.subarray(offset(row), offset(row + 1));
    return field.kind.type === "json" ? rawJsonOrNull(value.toString("utf8")) : quoteBytes(value);
  };
}

function printerOf(field: ArrowField, chunk: ColumnChunk, first: number, extras: ColumnExtras): Print {
  if (chunk.offsets !== undefined) return texts(field, chunk, chunk.offsets);
  const values = viewOf(chunk.values);
  const { arrow, bits } = field.kind;
  if (arrow === ArrowType.Float) return floats(field, values, first, extras);
  if (arrow === ArrowType.Timestamp) return times(values, first, extras);
  return bits === 1 ? (row) => String(((values.getUint8(row >> 3) >> (row & 7)) & 1) === 1) : integers(field, values);
}

/**
 * Rows `from` to `to` of a chunk as JSON, separated by commas; what JSON cannot say goes to `extras`, rows counted from `first`.
 * It is plain TypeScript: the WebAssembly twin must print the same bytes.
 */
export function printRows(field: ArrowField, chunk: ColumnChunk, from: number, to: number, first: number, extras: ColumnExtras): string {
  const print = printerOf(field, chunk, first, extras);
  const { validity } = chunk;
  const out: string[] = [];
  for (let row = from; row < to; row++) {
    const there = validity === undefined || (((validity[row >> 3] ?? 0) >> (row & 7)) & 1) === 1;
    out.push(there ? print(row) : "null");
  }
  return out.join(",");
}
