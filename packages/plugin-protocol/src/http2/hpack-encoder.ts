import { staticTable } from "./hpack-static-table.js";

/**
 * The sending side of HPACK, without a dynamic table: blocks then depend on nothing before them and may be kept and sent again. The
 * first block of a connection begins with this, which says so to the peer (RFC 7541, 4.2).
 */
export const noDynamicTable: Uint8Array = Buffer.of(0x20);

const nameIndex = new Map([...staticTable.entries()].reverse().map(([index, [name]]) => [name, index + 1]));
const fieldIndex = new Map(staticTable.map(([name, value], index) => [`${name}\0${value}`, index + 1]));

/** Names are lower case; values are printable ASCII. */
export function encodeHeaders(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => encodeField(name, value)));
}

function encodeField(name: string, value: string): readonly Buffer[] {
  const whole = fieldIndex.get(`${name}\0${value}`);
  if (whole !== undefined) return [integer(0x80, 7, whole)];
  const known = nameIndex.get(name);
  // Literal without indexing.
  return known === undefined ? [integer(0, 4, 0), text(name), text(value)] : [integer(0, 4, known), text(value)];
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "latin1");
  return Buffer.concat([integer(0, 7, bytes.length), bytes]);
}

function integer(pattern: number, prefix: number, value: number): Buffer {
  const mask = 2 ** prefix - 1;
  if (value < mask) return Buffer.of(pattern | value);
  const bytes = [pattern | mask];
  let rest = value - mask;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}
