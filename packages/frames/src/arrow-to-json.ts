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

function* columnPieces(field: ArrowField, chunks: readonly ColumnChunk[], extras: ColumnExtras): Generator<Uint8Array> {
  let first = 0;
  for (const chunk of chunks) {
    for (let from = 0, to = 0; from < chunk.rows; from = to) {
      to = endOfPiece(field, chunk, from);
      if (first + from > 0) yield COMMA;
      yield printPiece(field, chunk, from, to, first, extras);
    }
    first += chunk.rows;
  }
}

function* framePieces(frame: ArrowFrame): Generator<Uint8Array> {
  yield Buffer.from(`{"schema":${printSchema(frame.schema)},"data":{"values":[`);
  const extras: ColumnExtras[] = [];
  for (const [index, field] of frame.schema.fields.entries()) {
    const own = new ColumnExtras();
    extras.push(own);
    yield Buffer.from(index === 0 ? "[" : ",[");
    yield* columnPieces(field, frame.columns[index] ?? [], own);
    yield Buffer.from("]");
  }
  yield Buffer.from(`]${printExtras(extras, frame.rows)}}}`);
}

/**
 * An Arrow IPC file or stream as Grafana's frame JSON in pieces of 8,192 rows of a column at most, so that a large frame can be
 * sent while it is printed. Throws FrameError at the call, before the first piece, if the Arrow data is malformed.
 */
export function arrowToJsonChunks(arrow: Uint8Array): Iterable<Uint8Array> {
  return framePieces(readArrow(arrow));
}

/**
 * An Arrow IPC file or stream as Grafana's frame JSON, byte for byte what Go's SDK prints for the same frame, and its rows.
 * Where that would not be JSON in UTF-8 (names that are not UTF-8, `json` values that are empty) this differs: the output is
 * always well-formed. Throws FrameError if the Arrow data is malformed or holds what frames do not use.
 */
export function arrowToJson(arrow: Uint8Array): { json: Uint8Array; rows: number } {
  const frame = readArrow(arrow);
  return { json: Buffer.concat([...framePieces(frame)]), rows: frame.rows };
}
