import { type ArrowFrame, type ColumnChunk, readArrow } from "./arrow-reader.js";
import type { ArrowField } from "./arrow-schema-reader.js";
import { printRows } from "./column-json.js";
import { ColumnExtras, printExtras } from "./entities.js";
import { FrameError } from "./frame-error.js";
import { printSchema } from "./schema-json.js";
import { printRowsByWasm } from "./wasm-columns.js";

const ROWS_PER_PIECE = 8192;
/** Printed, a byte takes six at most: well below what the WebAssembly module may use. */
const TEXT_PER_PIECE = 2 << 20;
const COMMA = Buffer.from(",");

/** Bytes of the texts of rows `from` to `to`; 0 for columns of a fixed width. */
function textBytes(field: ArrowField, chunk: ColumnChunk, from: number, to: number): number {
  if (chunk.offsets === undefined || field.offsetBytes !== 4) return 0;
  const view = new DataView(chunk.offsets.buffer, chunk.offsets.byteOffset, chunk.offsets.byteLength);
  return view.getInt32(to * 4, true) - view.getInt32(from * 4, true);
}

/** End of the piece that begins at `from`: a multiple of eight rows, so that bitmaps are cut at whole bytes, and not too much text. */
function endOfPiece(field: ArrowField, chunk: ColumnChunk, from: number): number {
  let rows = Math.min(chunk.rows - from, ROWS_PER_PIECE);
  while (rows > 8 && textBytes(field, chunk, from, from + rows) > TEXT_PER_PIECE) rows = Math.max(8, (rows >> 4) << 3);
  return from + rows;
}

function printPiece(field: ArrowField, chunk: ColumnChunk, from: number, to: number, first: number, extras: ColumnExtras): Buffer {
  try {
    return printRowsByWasm(field, chunk, from, to, first + from, extras) ?? Buffer.from(printRows(field, chunk, from, to, first, extras));
  } catch (cause) {
    // V8's strings have an end: about 512 MB of text in one piece.
    throw new FrameError(`field ${JSON.stringify(field.name)}: values are too large to print`, { cause });
  }
}

/** Rows of one record batch, `to` not among them; `from` is a multiple of eight. */
interface Rows {
  readonly chunk: number;
  readonly from: number;
  readonly to: number;
}

function* columnPieces(field: ArrowField, chunks: readonly ColumnChunk[], parts: readonly Rows[], extras: ColumnExtras): Generator<Uint8Array> {
  let printed = 0;
  for (const part of parts) {
    const chunk = chunks[part.chunk];
    if (chunk === undefined) continue;
    // Where the chunk's own row 0 stands among the rows that are printed.
    const first = printed - part.from;
    for (let from = part.from, to = 0; from < part.to; from = to) {
      to = Math.min(endOfPiece(field, chunk, from), part.to);
      if (first + from > 0) yield COMMA;
      yield printPiece(field, chunk, from, to, first, extras);
    }
    printed += part.to - part.from;
  }
}

function* dataPieces(frame: ArrowFrame, parts: readonly Rows[]): Generator<Uint8Array> {
  yield Buffer.from('"data":{"values":[');
  const extras: ColumnExtras[] = [];
  for (const [index, field] of frame.schema.fields.entries()) {
    const own = new ColumnExtras();
    extras.push(own);
    yield Buffer.from(index === 0 ? "[" : ",[");
    yield* columnPieces(field, frame.columns[index] ?? [], parts, own);
    yield Buffer.from("]");
  }
  yield Buffer.from(
    `]${printExtras(
      extras,
      parts.reduce((sum, { from, to }) => sum + to - from, 0),
    )}}`,
  );
}

const allRows = ({ columns: [column = []] }: ArrowFrame): readonly Rows[] => column.map(({ rows }, chunk) => ({ chunk, from: 0, to: rows }));

/** The same as `arrowToJsonChunks`, of a frame that was read before. */
export function* frameJsonPieces(frame: ArrowFrame): Generator<Uint8Array> {
  yield Buffer.from(`{"schema":${printSchema(frame.schema)},`);
  yield* dataPieces(frame, allRows(frame));
  yield Buffer.from("}");
}

/** Some rows of a frame as frame JSON, in pieces. */
export interface JsonBatch {
  readonly rows: number;
  readonly pieces: Iterable<Uint8Array>;
}

/**
 * A frame as several of at most `maxRows` rows (rounded down to a multiple of eight, eight at least), one after the other: the first
 * has the schema unless `withSchema` is false, the others only data, as Go's SDK sends a frame in chunks. A frame without rows is one
 * batch.
 */
export function* frameJsonBatches(
  frame: ArrowFrame,
  maxRows: number,
  { withSchema = true }: { readonly withSchema?: boolean } = {},
): Generator<JsonBatch> {
  const step = Math.max(8, maxRows & ~7);
  const parts = allRows(frame).flatMap(({ chunk, to: end }) =>
    Array.from({ length: Math.ceil(end / step) }, (_, index) => ({ chunk, from: index * step, to: Math.min(end, (index + 1) * step) })),
  );
  const batches: readonly (readonly Rows[])[] = parts.length === 0 ? [[]] : parts.map((part) => [part]);
  for (const [index, batch] of batches.entries()) {
    yield { rows: batch.reduce((sum, { from, to }) => sum + to - from, 0), pieces: batchPieces(frame, batch, withSchema && index === 0) };
  }
}

function* batchPieces(frame: ArrowFrame, parts: readonly Rows[], withSchema: boolean): Generator<Uint8Array> {
  yield Buffer.from(withSchema ? `{"schema":${printSchema(frame.schema)},` : "{");
  yield* dataPieces(frame, parts);
  yield Buffer.from("}");
}

/**
 * An Arrow IPC file or stream as Grafana's frame JSON in pieces of 8,192 rows of a column at most, so that a large frame can be
 * sent while it is printed. Throws FrameError at the call, before the first piece, if the Arrow data is malformed.
 */
export function arrowToJsonChunks(arrow: Uint8Array): Iterable<Uint8Array> {
  return frameJsonPieces(readArrow(arrow));
}

/**
 * An Arrow IPC file or stream as Grafana's frame JSON, byte for byte what Go's SDK prints for the same frame, and its rows.
 * Where that would not be JSON in UTF-8 (names that are not UTF-8, `json` values that are empty) this differs: the output is
 * always well-formed. Throws FrameError if the Arrow data is malformed or holds what frames do not use.
 */
export function arrowToJson(arrow: Uint8Array): { json: Uint8Array; rows: number } {
  const frame = readArrow(arrow);
  return { json: Buffer.concat([...frameJsonPieces(frame)]), rows: frame.rows };
}
