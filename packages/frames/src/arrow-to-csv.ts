import { isAscii } from "node:buffer";
import type { ArrowFrame, ColumnChunk } from "./arrow-reader.js";
import type { ArrowField } from "./arrow-schema-reader.js";
import { integers, type Print, viewOf } from "./column-print.js";
import { ArrowType } from "./field-kinds.js";
import { formatFloat32 } from "./go-text.js";

const CHARACTERS_PER_PIECE = 256 * 1024;
const ROWS_AT_ONCE = 4096;
/** More bytes of text than this are not decoded at once. */
const LARGEST_TEXT = 1 << 20;
const NANOS_PER_SECOND = 1_000_000_000n;

/** A cell that needs them gets quotes: RFC 4180, 2.5 to 2.7. An empty text is quoted too: an empty cell is null. */
const textCell = (text: string): string => (text === "" || /^ | $|[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

const twoDigits = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, "0"));

function fraction(nanos: number): string {
  const digits = String(nanos).padStart(9, "0");
  let end = digits.length;
  while (digits[end - 1] === "0") end--;
  return digits.slice(0, end);
}

/** RFC 3339 in UTC, with as many digits of the second as there are. */
function times(values: DataView): Print {
  // Rows that follow each other are mostly of one day.
  let day = Number.NaN;
  let date = "";
  return (row) => {
    const nanos = values.getBigInt64(row * 8, true);
    let seconds = Number(nanos / NANOS_PER_SECOND);
    let rest = Number(nanos % NANOS_PER_SECOND);
    if (rest < 0) {
      rest += 1e9;
      seconds -= 1;
    }
    const ownDay = Math.floor(seconds / 86_400);
    if (ownDay !== day) {
      day = ownDay;
      date = new Date(day * 86_400_000).toISOString().slice(0, 11);
    }
    const ofDay = seconds - day * 86_400;
    const clock = `${twoDigits[Math.floor(ofDay / 3600)] ?? ""}:${twoDigits[Math.floor(ofDay / 60) % 60] ?? ""}:${twoDigits[ofDay % 60] ?? ""}`;
    return rest === 0 ? `${date}${clock}Z` : `${date}${clock}.${fraction(rest)}Z`;
  };
}

const float = (value: number, single: boolean): string => {
  if (Object.is(value, -0)) return "-0";
  return single && Number.isFinite(value) ? formatFloat32(value) : String(value);
};

/** Texts of rows `from` to `to`, decoded at once where each byte is a character. */
function texts({ offsetBytes }: ArrowField, { values }: ColumnChunk, offsets: DataView, from: number, to: number): Print {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  const offset = (row: number): number => (offsetBytes === 8 ? Number(offsets.getBigInt64(row * 8, true)) : offsets.getInt32(row * 4, true));
  const start = offset(from);
  const isSmall = offset(to) - start <= LARGEST_TEXT;
  const all = isSmall ? bytes.toString("latin1", start, offset(to)) : "";
  if (!isSmall || !isAscii(bytes.subarray(start, offset(to)))) return (row) => textCell(bytes.toString("utf8", offset(row), offset(row + 1)));
  return (row) => textCell(all.slice(offset(row) - start, offset(row + 1) - start));
}

/** Prints rows `from` to `to`. */
function printerOf(field: ArrowField, chunk: ColumnChunk, from: number, to: number): Print {
  if (chunk.offsets !== undefined) return texts(field, chunk, viewOf(chunk.offsets), from, to);
  const values = viewOf(chunk.values);
  const { arrow, bits } = field.kind;
  if (arrow === ArrowType.Float) {
    return bits === 32 ? (row) => float(values.getFloat32(row * 4, true), true) : (row) => float(values.getFloat64(row * 8, true), false);
  }
  if (arrow === ArrowType.Timestamp) return times(values);
  return bits === 1 ? (row) => String(((values.getUint8(row >> 3) >> (row & 7)) & 1) === 1) : integers(field, values);
}

const isThere = ({ validity }: ColumnChunk, row: number): boolean => validity === undefined || (((validity[row >> 3] ?? 0) >> (row & 7)) & 1) === 1;

/** The fields' names; where several have the same, the labels of each stand behind: `value{host="a"}`. */
function header(fields: readonly ArrowField[]): string {
  const count = new Map<string, number>();
  for (const { name } of fields) count.set(name, (count.get(name) ?? 0) + 1);
  return fields.map(({ name, labels }) => textCell((count.get(name) ?? 0) > 1 ? `${name}${printLabels(labels)}` : name)).join(",");
}

function printLabels(json: string | undefined): string {
  if (json === undefined) return "";
  const labels: unknown = JSON.parse(json);
  if (typeof labels !== "object" || labels === null) return "";
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? "" : `{${pairs.join(", ")}}`;
}

/**
 * A frame as CSV (RFC 4180: CRLF, a header line) in pieces. Times are RFC 3339 in UTC with the nanoseconds that are there, integers
 * exact, floats the shortest that read back the same, with NaN, Infinity and -Infinity spelled out; `json` is its text. Null is an
 * empty cell, an empty text is `""`; in a frame of one field both are `""`, since readers skip lines that are empty. A frame without
 * fields is nothing.
 */
export function* frameCsvPieces(frame: ArrowFrame): Generator<Uint8Array> {
  const { fields } = frame.schema;
  if (fields.length === 0) return;
  yield Buffer.from(`${header(fields)}\r\n`);
  let text = "";
  for (const line of linesOf(frame, fields.length === 1 ? '""' : "")) {
    text += line;
    if (text.length < CHARACTERS_PER_PIECE) continue;
    yield Buffer.from(text);
    text = "";
  }
  if (text !== "") yield Buffer.from(text);
}

function* linesOf({ schema: { fields }, columns }: ArrowFrame, nothing: string): Generator<string> {
  for (const [index, { rows }] of (columns[0] ?? []).entries()) {
    for (let from = 0; from < rows; from += ROWS_AT_ONCE) {
      const to = Math.min(from + ROWS_AT_ONCE, rows);
      const cells = fields.map((field, at): Print => {
        const chunk = columns[at]?.[index];
        if (chunk === undefined) return () => nothing;
        const print = printerOf(field, chunk, from, to);
        return chunk.validity === undefined ? print : (row) => (isThere(chunk, row) ? print(row) : nothing);
      });
      for (let row = from; row < to; row++) yield lineOf(cells, row);
    }
  }
}

function lineOf(cells: readonly Print[], row: number): string {
  let line = "";
  for (const [at, cell] of cells.entries()) line += at === 0 ? cell(row) : `,${cell(row)}`;
  return `${line}\r\n`;
}
