import { type ArrowField, type ArrowSchema, readSchema } from "./arrow-schema-reader.js";
import { MessageHeader } from "./arrow-schema-writer.js";
import { FlatbufferTable } from "./flatbuffer-table.js";
import { FrameError } from "./frame-error.js";

const CONTINUATION = 0xffffffff;
const MAGIC = "ARROW1";

/** Values of one field in one record batch; every buffer is as long as `rows` wants. */
export interface ColumnChunk {
  readonly rows: number;
  /** Bitmap of the rows that are not null; absent if all are there or the field is not nullable. */
  readonly validity: Uint8Array | undefined;
  /** Start of each value in `values`, and the end of the last; ascending, within `values`. Fields of a fixed width have none. */
  readonly offsets: Uint8Array | undefined;
  readonly values: Uint8Array;
}

export interface ArrowFrame {
  readonly schema: ArrowSchema;
  readonly rows: number;
  /** By field, one chunk a record batch. */
  readonly columns: readonly (readonly ColumnChunk[])[];
}

interface Message {
  readonly header: FlatbufferTable;
  readonly headerType: number;
  readonly size: number;
  readonly body: Uint8Array;
  /** Where the next message begins. */
  readonly end: number;
}

/** Where a file's footer begins; a stream ends with its bytes. */
function endOfMessages(bytes: Buffer): number {
  const tail = bytes.length - MAGIC.length - 4;
  if (tail < 8 || bytes.toString("latin1", 0, MAGIC.length) !== MAGIC || bytes.toString("latin1", tail + 4) !== MAGIC) return bytes.length;
  const footer = bytes.readInt32LE(tail);
  if (footer < 0 || footer > tail - 8) throw new FrameError("Arrow: the footer is longer than the file");
  return tail - footer;
}

/** Where messages begin, magic aside. */
const startOfMessages = (bytes: Buffer): number => (bytes.toString("latin1", 0, MAGIC.length) === MAGIC ? 8 : 0);

/** The messages of a stream, or of a file: there they stand in the same order between the magic and the footer. */
function* messagesOf(arrow: Uint8Array): Generator<Message> {
  const bytes = Buffer.from(arrow.buffer, arrow.byteOffset, arrow.byteLength);
  const view = new DataView(arrow.buffer, arrow.byteOffset, arrow.byteLength);
  let at = startOfMessages(bytes);
  const limit = endOfMessages(bytes);
  while (at + 4 <= limit) {
    const continued = view.getUint32(at, true) === CONTINUATION;
    const size = view.getInt32(continued ? at + 4 : at, true);
    const start = at + (continued ? 8 : 4);
    if (size === 0) return;
    if (size < 8 || start + size > limit) throw new FrameError("Arrow: a message ends outside of the data");
    const metadata = new DataView(arrow.buffer, arrow.byteOffset + start, size);
    const message = FlatbufferTable.root(metadata, 0);
    const bodyLength = message.long(3);
    const end = start + size + bodyLength;
    if (end > limit) throw new FrameError("Arrow: a message's body ends outside of the data");
    const header = message.table(2);
    if (header === undefined) throw new FrameError("Arrow: a message has no header");
    yield { header, headerType: message.byte(1), size, body: arrow.subarray(start + size, end), end };
    at = end;
  }
}

/** Hands out a record batch's buffers in order. Together they are never longer than the body, so reading is linear in the input. */
class BodyBuffers {
  readonly #body: Uint8Array;
  readonly #places: readonly (readonly [number, number])[];
  #next = 0;
  #budget: number;

  constructor(body: Uint8Array, places: readonly (readonly [number, number])[]) {
    this.#body = body;
    this.#places = places;
    this.#budget = body.length;
  }

  take(): Uint8Array {
    const place = this.#places[this.#next++];
    if (place === undefined) throw new FrameError("Arrow: a record batch has too few buffers");
    const [offset, length] = place;
    this.#budget -= length;
    if (offset + length > this.#body.length || this.#budget < 0) throw new FrameError("Arrow: a buffer lies outside of its record batch");
    return this.#body.subarray(offset, offset + length);
  }
}

function cut(buffer: Uint8Array, length: number, field: ArrowField): Uint8Array {
  if (buffer.length < length) throw new FrameError(`Arrow: a buffer of field ${JSON.stringify(field.name)} is shorter than its rows`);
  return buffer.subarray(0, length);
}

function checkOffsets(offsets: Uint8Array, field: ArrowField, size: number): void {
  const view = new DataView(offsets.buffer, offsets.byteOffset, offsets.byteLength);
  let last = 0;
  for (let at = 0; at < offsets.length; at += field.offsetBytes) {
    const high = field.offsetBytes === 8 ? view.getInt32(at + 4, true) * 2 ** 32 : 0;
    const offset = high + (field.offsetBytes === 8 ? view.getUint32(at, true) : view.getInt32(at, true));
    if (offset < last || offset > size) throw new FrameError(`Arrow: field ${JSON.stringify(field.name)} has offsets outside of its data`);
    last = offset;
  }
}

function readChunk(field: ArrowField, rows: number, buffers: BodyBuffers): ColumnChunk {
  const bitmap = buffers.take();
  const validity = field.nullable && bitmap.length > 0 ? cut(bitmap, Math.ceil(rows / 8), field) : undefined;
  if (field.offsetBytes === 0) {
    return { rows, validity, offsets: undefined, values: cut(buffers.take(), Math.ceil((rows * field.kind.bits) / 8), field) };
  }
  const offsets = cut(buffers.take(), rows === 0 ? 0 : (rows + 1) * field.offsetBytes, field);
  const values = buffers.take();
  checkOffsets(offsets, field, values.length);
  return { rows, validity, offsets, values };
}

function readBatch(message: Message, schema: ArrowSchema): { rows: number; chunks: ColumnChunk[] } {
  if (message.header.has(3)) throw new FrameError("Arrow: compressed record batches are not read");
  const rows = message.header.long(0);
  const nodes = message.header.pairs(1);
  const buffers = new BodyBuffers(message.body, message.header.pairs(2));
  const chunks = schema.fields.map((field, index) => {
    if (nodes[index]?.[0] !== rows) throw new FrameError(`Arrow: field ${JSON.stringify(field.name)} has not as many rows as its record batch`);
    return readChunk(field, rows, buffers);
  });
  return { rows: schema.fields.length === 0 ? 0 : rows, chunks };
}

function readMessages(arrow: Uint8Array): ArrowFrame {
  let schema: ArrowSchema | undefined;
  let rows = 0;
  let columns: ColumnChunk[][] = [];
  for (const message of messagesOf(arrow)) {
    if (message.headerType === MessageHeader.Schema && schema === undefined) {
      schema = readSchema(message.header, message.size);
      columns = schema.fields.map(() => []);
    } else if (message.headerType === MessageHeader.RecordBatch && schema !== undefined) {
      const batch = readBatch(message, schema);
      rows += batch.rows;
      for (const [index, chunk] of batch.chunks.entries()) columns[index]?.push(chunk);
    } else {
      throw new FrameError(`Arrow: a message that frames do not use (${message.headerType})`);
    }
  }
  if (schema === undefined) throw new FrameError("Arrow: there is no schema");
  return { schema, rows, columns };
}

/**
 * Reads an Arrow IPC file or stream that holds one frame, without copying values. Throws FrameError if it is malformed.
 * https://arrow.apache.org/docs/format/Columnar.html#serialization-and-interprocess-communication-ipc
 */
export function readArrow(arrow: Uint8Array): ArrowFrame {
  try {
    return readMessages(arrow);
  } catch (cause) {
    if (cause instanceof RangeError) throw new FrameError("Arrow: metadata refers to what lies outside of it", { cause });
    throw cause;
  }
}

/** From the first message to the end of the last, of an IPC file or stream that `readArrow` has read. */
export function locateMessages(arrow: Uint8Array): { readonly start: number; readonly end: number } {
  const start = startOfMessages(Buffer.from(arrow.buffer, arrow.byteOffset, arrow.byteLength));
  let end = start;
  for (const message of messagesOf(arrow)) ({ end } = message);
  return { start, end };
}
