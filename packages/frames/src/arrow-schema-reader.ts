import { ArrowType, FIELD_KINDS, type FieldKind } from "./field-kinds.js";
import type { FlatbufferTable } from "./flatbuffer-table.js";
import { FrameError } from "./frame-error.js";
import { respellConfig, respellMeta } from "./go-document.js";
import { respellLabels } from "./labels.js";
import type { FieldSchema, FrameSchema } from "./schema-json.js";

const PRECISION_SINGLE = 1;
const PRECISION_DOUBLE = 2;
const UNIT_NANOSECOND = 3;

/** A field with how its values lie in the body. */
export interface ArrowField extends FieldSchema {
  /** Bytes of one offset; 0 for types of a fixed width. */
  readonly offsetBytes: 0 | 4 | 8;
}

export interface ArrowSchema extends FrameSchema {
  readonly fields: readonly ArrowField[];
}

/** Decodes strings until more was decoded than a message of that size can honestly hold: tables may share what they refer to. */
class Strings {
  #budget: number;

  constructor(budget: number) {
    this.#budget = budget;
  }

  read(table: FlatbufferTable, slot: number): string {
    const bytes = table.bytes(slot);
    this.#budget -= bytes.length + 1;
    if (this.#budget < 0) throw new FrameError("Arrow schema: more text than the message holds");
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  }

  metadata(table: FlatbufferTable, slot: number): Map<string, string> {
    return new Map(table.tables(slot).map((entry) => [this.read(entry, 0), this.read(entry, 1)]));
  }
}

function integerKind(type: FlatbufferTable | undefined, simple: string | undefined): FieldKind | undefined {
  const bits = type?.int(0);
  const signed = type?.byte(1) === 1;
  const name = bits === 16 && !signed && simple === "enum" ? "enum" : `${signed ? "int" : "uint"}${bits ?? 0}`;
  return Object.values(FIELD_KINDS).find((kind) => kind.type === name);
}

function floatKind(type: FlatbufferTable | undefined): FieldKind | undefined {
  const precision = type?.short(0);
  if (precision === PRECISION_SINGLE) return FIELD_KINDS.float32;
  return precision === PRECISION_DOUBLE ? FIELD_KINDS.float64 : undefined;
}

function kindOf(typeId: number, type: FlatbufferTable | undefined, simple: string | undefined): FieldKind | undefined {
  switch (typeId) {
    case ArrowType.Int:
      return integerKind(type, simple);
    case ArrowType.Float:
      return floatKind(type);
    case ArrowType.Binary:
    case ArrowType.LargeBinary:
      return FIELD_KINDS.json;
    case ArrowType.Utf8:
    case ArrowType.LargeUtf8:
      return FIELD_KINDS.string;
    case ArrowType.Bool:
      return FIELD_KINDS.bool;
    case ArrowType.Timestamp:
      return type?.short(0) === UNIT_NANOSECOND ? FIELD_KINDS.time : undefined;
    default:
      return undefined;
  }
}

function offsetBytesOf(typeId: number): 0 | 4 | 8 {
  if (typeId === ArrowType.LargeUtf8 || typeId === ArrowType.LargeBinary) return 8;
  return typeId === ArrowType.Utf8 || typeId === ArrowType.Binary ? 4 : 0;
}

function readField(table: FlatbufferTable, strings: Strings): ArrowField {
  const name = strings.read(table, 0);
  const typeId = table.byte(2);
  const metadata = strings.metadata(table, 6);
  const kind = kindOf(typeId, table.table(3), metadata.get("tstype"));
  if (kind === undefined || table.has(4)) throw new FrameError(`field ${JSON.stringify(name)} has an Arrow type that frames do not use (${typeId})`);
  const labels = metadata.get("labels");
  const config = metadata.get("config");
  return {
    name,
    kind,
    nullable: table.byte(1) === 1,
    offsetBytes: offsetBytesOf(typeId),
    labels: labels === undefined ? undefined : respellLabels(labels),
    config: config === undefined ? undefined : respellConfig(config),
  };
}

/** Reads Arrow's schema table; `size` is the length of its message in bytes. Throws FrameError for what a frame cannot be. */
export function readSchema(table: FlatbufferTable, size: number): ArrowSchema {
  const strings = new Strings(4 * size + 1024);
  const metadata = strings.metadata(table, 2);
  const meta = metadata.get("meta");
  return {
    name: metadata.get("name") ?? "",
    refId: metadata.get("refId") ?? "",
    meta: meta === undefined ? undefined : respellMeta(meta),
    fields: table.tables(1).map((field) => readField(field, strings)),
  };
}
