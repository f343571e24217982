import { ColumnExtras, printExtras } from "./entities.js";
import * as valueOf from "./field-value.js";
import type { Field, FieldValue, Frame } from "./frame.js";
import { rowsOf, schemaOf } from "./frame-schema.js";
import { formatFloat32, formatFloat64, quoteHtmlSafe } from "./go-text.js";
import { rawJsonOrNull } from "./raw-json.js";
import { printSchema } from "./schema-json.js";

const NANOS_PER_MILLI = 1_000_000n;

function printFloat(field: Field, value: FieldValue, row: number, extras: ColumnExtras): string {
  const double = valueOf.float(field, value, row);
  const number = field.type === "float32" ? Math.fround(double) : double;
  if (Number.isFinite(number)) return field.type === "float32" ? formatFloat32(number) : formatFloat64(number);
  extras.addEntity(number, row);
  return "null";
}

function printTime(field: Field, value: FieldValue, row: number, extras: ColumnExtras): string {
  const nanos = valueOf.bigInteger(field, value, row);
  const rest = ((nanos % NANOS_PER_MILLI) + NANOS_PER_MILLI) % NANOS_PER_MILLI;
  extras.addNanos(Number(rest), row);
  return String((nanos - rest) / NANOS_PER_MILLI);
}

function printValue(field: Field, value: FieldValue, row: number, extras: ColumnExtras): string {
  if (valueOf.isNull(field, value, row)) return "null";
  switch (field.type) {
    case "float32":
    case "float64":
      return printFloat(field, value, row, extras);
    case "time":
      return printTime(field, value, row, extras);
    case "string":
      return quoteHtmlSafe(valueOf.text(field, value, row));
    case "json":
      return rawJsonOrNull(valueOf.text(field, value, row));
    case "bool":
      return String(valueOf.boolean(field, value, row));
    case "int64":
    case "uint64":
      return String(valueOf.bigInteger(field, value, row));
    case "int8":
    case "int16":
    case "int32":
    case "uint8":
    case "uint16":
    case "uint32":
    case "enum":
      return String(valueOf.smallInteger(field, value, row) + 0);
  }
}

/** A frame as Grafana's frame JSON, byte for byte as Go's SDK prints it. Throws FrameError for a model that is not sound. */
export function frameToJson(frame: Frame): Uint8Array {
  const rows = rowsOf(frame);
  const extras: ColumnExtras[] = [];
  const columns = frame.fields.map((field) => {
    const own = new ColumnExtras();
    extras.push(own);
    return `[${field.values.map((value, row) => printValue(field, value, row, own)).join(",")}]`;
  });
  return Buffer.from(`{"schema":${printSchema(schemaOf(frame))},"data":{"values":[${columns.join(",")}]${printExtras(extras, rows)}}}`);
}
