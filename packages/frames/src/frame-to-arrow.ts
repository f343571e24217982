import { type ArrowColumn, columnOf } from "./arrow-columns.js";
import { finishMessage, METADATA_V5, MessageHeader, writeSchema } from "./arrow-schema-writer.js";
import { FlatbufferBuilder, long, reference, short } from "./flatbuffer-builder.js";
import type { Frame } from "./frame.js";
import { rowsOf, schemaOf } from "./frame-schema.js";
import type { FrameSchema } from "./schema-json.js";

const MAGIC = Buffer.from("ARROW1");
const CONTINUATION = 0xffffffff;

function paddingTo8(length: number): Buffer {
  return Buffer.alloc((8 - (length % 8)) % 8);
}

/** Continuation, length, metadata: what stands before a message's body. */
function encapsulate(metadata: Buffer): Buffer {
  const prefix = Buffer.alloc(8);
  prefix.writeUInt32LE(CONTINUATION, 0);
  prefix.writeInt32LE(metadata.length, 4);
  return Buffer.concat([prefix, metadata]);
}

function schemaMessage(schema: FrameSchema): Buffer {
  const builder = new FlatbufferBuilder();
  return encapsulate(finishMessage(builder, MessageHeader.Schema, writeSchema(builder, schema), 0));
}

function recordBatch(columns: readonly ArrowColumn[], rows: number): { metadata: Buffer; body: Buffer } {
  const parts: Buffer[] = [];
  const places: [number, number][] = [];
  let length = 0;
  for (const buffer of columns.flatMap((column) => column.buffers)) {
    places.push([length, buffer.length]);
    const padding = paddingTo8(buffer.length);
    parts.push(buffer, padding);
    length += buffer.length + padding.length;
  }
  const builder = new FlatbufferBuilder();
  const nodes = builder.structs(columns.map((column) => [rows, column.nulls]));
  const buffers = builder.structs(places);
  const header = builder.table([long(0, rows), reference(1, nodes), reference(2, buffers)]);
  return { metadata: encapsulate(finishMessage(builder, MessageHeader.RecordBatch, header, length)), body: Buffer.concat(parts, length) };
}

/** The file's end: where each record batch lies. A Block is offset, length of the metadata with padding, length of the body. */
function footer(schema: FrameSchema, blocks: readonly (readonly [number, number, number])[]): Buffer {
  const builder = new FlatbufferBuilder();
  const schemaAt = writeSchema(builder, schema);
  const dictionaries = builder.structs([]);
  const batches = builder.structs(blocks);
  return builder.finish(builder.table([reference(1, schemaAt), reference(2, dictionaries), reference(3, batches), short(0, METADATA_V5)]));
}

/**
 * A frame as an Arrow IPC file, in the structure that Go's SDK writes and reads; a frame without rows has no record batch.
 * Throws FrameError for a model that is not sound. https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format
 */
export function frameToArrow(frame: Frame): Uint8Array {
  const rows = rowsOf(frame);
  const schema = schemaOf(frame);
  const head = Buffer.concat([MAGIC, Buffer.alloc(2), schemaMessage(schema)]);
  const parts: Uint8Array[] = [head];
  const blocks: [number, number, number][] = [];
  if (rows > 0) {
    const { metadata, body } = recordBatch(frame.fields.map(columnOf), rows);
    parts.push(metadata, body);
    blocks.push([head.length, metadata.length, body.length]);
  }
  const end = encapsulate(Buffer.alloc(0));
  const tail = footer(schema, blocks);
  const tailLength = Buffer.alloc(4);
  tailLength.writeInt32LE(tail.length);
  return Buffer.concat([...parts, end, tail, tailLength, MAGIC]);
}
