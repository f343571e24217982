import type { ArrowField } from "./arrow-schema-reader.js";

/** Prints the value of one row of a chunk that is not null. */
export type Print = (row: number) => string;

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** All digits, whatever the size: the same in JSON and in CSV. */
export function integers({ kind: { bits, signed } }: ArrowField, values: DataView): Print {
  switch (bits) {
    case 8:
      return (row) => String(signed ? values.getInt8(row) : values.getUint8(row));
    case 16:
      return (row) => String(signed ? values.getInt16(row * 2, true) : values.getUint16(row * 2, true));
    case 32:
      return (row) => String(signed ? values.getInt32(row * 4, true) : values.getUint32(row * 4, true));
    default:
      return (row) => String(signed ? values.getBigInt64(row * 8, true) : values.getBigUint64(row * 8, true));
  }
}
