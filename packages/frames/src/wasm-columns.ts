import type { ColumnChunk } from "./arrow-reader.js";
import type { ArrowField } from "./arrow-schema-reader.js";
import type { ColumnExtras } from "./entities.js";
import { ArrowType } from "./field-kinds.js";
import { loadKernels, WORK } from "./wasm-kernels.js";

/** A piece that wants more memory than this is left to the TypeScript twin: a module's memory never shrinks again. */
const MAX_MEMORY = 16 << 20;
/** Kernels write whole words past the end of what they print. */
const SLACK = 128;
/** Longest text of one value, comma included: 25 characters of a double, "-9223372036854775808". */
const MAX_NUMBER = 26;
const MAX_BYTE = 6;

/** Rows `from` to `to` of a chunk, laid out in the module's memory. */
class Piece {
  readonly kernels = loadKernels();
  readonly rows: number;
  bitmap = 0;
  side = 0;
  out = 0;
  readonly #chunk: ColumnChunk;
  readonly #from: number;
  readonly #to: number;

  constructor(chunk: ColumnChunk, from: number, to: number) {
    this.#chunk = chunk;
    this.#from = from;
    this.#to = to;
    this.rows = to - from;
  }

  get #bitmapBytes(): number {
    return (this.rows + 7) >> 3;
  }

  /** Copies bitmap and inputs to the module's memory and leaves room for the output; undefined if that is too much. Returns where the inputs lie. */
  layOut(inputs: readonly Uint8Array[], outputBytes: number): number[] | undefined {
    const { validity } = this.#chunk;
    this.side = WORK + this.#bitmapBytes;
    let at = this.side + this.rows * 4;
    const places = inputs.map((input) => {
      const place = at;
      at += input.length + SLACK;
      return place;
    });
    this.out = at;
    const end = at + outputBytes + SLACK;
    if (end > MAX_MEMORY) return undefined;
    this.kernels.reserve(end);
    const memory = new Uint8Array(this.kernels.memory.buffer);
    if (memory.length < end) return undefined;
    if (validity !== undefined) {
      this.bitmap = WORK;
      memory.set(this.bits(validity), WORK);
    }
    for (const [index, input] of inputs.entries()) memory.set(input, places[index]);
    return places;
  }

  /** The piece's part of a bitmap; pieces begin at multiples of eight rows. */
  bits(bitmap: Uint8Array): Uint8Array {
    return bitmap.subarray(this.#from >> 3, (this.#from >> 3) + this.#bitmapBytes);
  }

  fixed(bytes: number): Uint8Array {
    return this.#chunk.values.subarray(this.#from * bytes, this.#to * bytes);
  }

  /** What lies beside the output, 32 bits a row. */
  sideValues(count: number): Int32Array {
    return new Int32Array(this.kernels.memory.buffer.slice(this.side, this.side + count * 4));
  }

  output(end: number): Buffer {
    return Buffer.from(new Uint8Array(this.kernels.memory.buffer, this.out, end - this.out));
  }
}

function printIntegers(piece: Piece, field: ArrowField): Buffer | undefined {
  const { bits, signed } = field.kind;
  const [source] = piece.layOut([piece.fixed(bits / 8)], piece.rows * MAX_NUMBER) ?? [];
  if (source === undefined) return undefined;
  return piece.output(piece.kernels.integers(source, piece.bitmap, piece.rows, bits, signed ? 1 : 0, piece.out));
}

function printBooleans(piece: Piece, chunk: ColumnChunk): Buffer | undefined {
  const [source] = piece.layOut([piece.bits(chunk.values)], piece.rows * MAX_BYTE) ?? [];
  return source === undefined ? undefined : piece.output(piece.kernels.booleans(source, piece.bitmap, piece.rows, piece.out));
}

function printTimes(piece: Piece, first: number, extras: ColumnExtras): Buffer | undefined {
  const [source] = piece.layOut([piece.fixed(8)], piece.rows * MAX_NUMBER) ?? [];
  if (source === undefined) return undefined;
  const end = piece.kernels.times(source, piece.bitmap, piece.rows, piece.side, piece.out);
  if (piece.kernels.anyNanos.value !== 0) for (const [row, nanos] of piece.sideValues(piece.rows).entries()) extras.addNanos(nanos, first + row);
  return piece.output(end);
}

function printFloats(piece: Piece, field: ArrowField, first: number, extras: ColumnExtras): Buffer | undefined {
  const bytes = field.kind.bits / 8;
  const values = piece.fixed(bytes);
  const [source] = piece.layOut([values], piece.rows * MAX_NUMBER) ?? [];
  if (source === undefined) return undefined;
  const { kernels, bitmap, rows, side, out } = piece;
  const end = bytes === 4 ? kernels.singles(source, bitmap, rows, side, out) : kernels.doubles(source, bitmap, rows, side, out);
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  for (const row of piece.sideValues(piece.kernels.specialCount.value)) {
    extras.addEntity(bytes === 4 ? view.getFloat32(row * 4, true) : view.getFloat64(row * 8, true), first + row);
  }
  return piece.output(end);
}

function printStrings(piece: Piece, offsets: Uint8Array, values: Uint8Array, from: number): Buffer | undefined {
  const view = new DataView(offsets.buffer, offsets.byteOffset, offsets.byteLength);
  const start = view.getInt32(from * 4, true);
  const end = view.getInt32((from + piece.rows) * 4, true);
  const inputs = [offsets.subarray(from * 4, (from + piece.rows + 1) * 4), values.subarray(start, end)];
  const [offsetsAt, dataAt] = piece.layOut(inputs, (end - start + piece.rows) * MAX_BYTE) ?? [];
  if (offsetsAt === undefined || dataAt === undefined) return undefined;
  return piece.output(piece.kernels.strings(offsetsAt, dataAt - start, piece.bitmap, piece.rows, piece.out));
}

/**
 * Rows `from` (a multiple of eight) to `to` of a chunk as `printRows` prints them, by WebAssembly; `first` is the frame's row of
 * the piece's first. Undefined for what only the TypeScript twin prints: json, offsets of 64 bits, pieces that are too large.
 */
export function printRowsByWasm(
  field: ArrowField,
  chunk: ColumnChunk,
  from: number,
  to: number,
  first: number,
  extras: ColumnExtras,
): Buffer | undefined {
  const piece = new Piece(chunk, from, to);
  const { arrow, bits } = field.kind;
  if (chunk.offsets !== undefined) {
    return field.kind.type === "json" || field.offsetBytes === 8 ? undefined : printStrings(piece, chunk.offsets, chunk.values, from);
  }
  if (arrow === ArrowType.Float) return printFloats(piece, field, first, extras);
  if (arrow === ArrowType.Timestamp) return printTimes(piece, first, extras);
  return bits === 1 ? printBooleans(piece, chunk) : printIntegers(piece, field);
}
