import { ArrowType, type FieldKind } from "./field-kinds.js";
import { byte, type FlatbufferBuilder, int, long, reference, short } from "./flatbuffer-builder.js";
import type { FieldSchema, FrameSchema } from "./schema-json.js";

/** `MetadataVersion.V5` and the members of `MessageHeader` (format/Schema.fbs, format/Message.fbs). */
export const METADATA_V5 = 4;
export const MessageHeader = { Schema: 1, DictionaryBatch: 2, RecordBatch: 3 } as const;

const UNIT_NANOSECOND = 3;

function writeMetadata(builder: FlatbufferBuilder, entries: readonly (readonly [string, string | undefined])[]): number {
  const tables: number[] = [];
  for (const [key, value] of entries) {
    if (value === undefined) continue;
    const keyAt = builder.string(key);
    const valueAt = builder.string(value);
    tables.push(builder.table([reference(0, keyAt), reference(1, valueAt)]));
  }
  return builder.offsets(tables);
}

function writeType(builder: FlatbufferBuilder, kind: FieldKind): number {
  switch (kind.arrow) {
    case ArrowType.Int:
      return builder.table([int(0, kind.bits), byte(1, kind.signed ? 1 : 0)]);
    case ArrowType.Float:
      return builder.table([short(0, kind.bits / 32)]);
    case ArrowType.Timestamp:
      return builder.table([short(0, UNIT_NANOSECOND)]);
    default:
      return builder.table([]);
  }
}

function writeField(builder: FlatbufferBuilder, field: FieldSchema): number {
  const name = builder.string(field.name);
  const type = writeType(builder, field.kind);
  const children = builder.offsets([]);
  const metadata = writeMetadata(builder, [
    ["config", field.config],
    ["labels", field.labels],
    ["tstype", field.kind.simple],
  ]);
  return builder.table([
    reference(0, name),
    reference(3, type),
    reference(5, children),
    reference(6, metadata),
    byte(1, field.nullable ? 1 : 0),
    byte(2, field.kind.arrow),
  ]);
}

/** Arrow's schema table with the metadata keys of Go's SDK: name, refId, meta; per field tstype, labels, config. */
export function writeSchema(builder: FlatbufferBuilder, schema: FrameSchema): number {
  const fields = builder.offsets(schema.fields.map((field) => writeField(builder, field)));
  const metadata = writeMetadata(builder, [
    ["meta", schema.meta],
    ["name", schema.name],
    ["refId", schema.refId],
  ]);
  return builder.table([reference(1, fields), reference(2, metadata), short(0, 0)]);
}

/** A message's flatbuffer around `header`. */
export function finishMessage(builder: FlatbufferBuilder, headerType: number, header: number, bodyLength: number): Buffer {
  return builder.finish(builder.table([long(3, bodyLength), reference(2, header), short(0, METADATA_V5), byte(1, headerType)]));
}
