import { ConnectionError, ErrorCode } from "./frame.js";
import { staticTable } from "./hpack-static-table.js";
import { decodeHuffman } from "./huffman.js";

type Field = readonly [name: string, value: string];
export type HeaderMap = ReadonlyMap<string, string>;

/** What we announce: HEADER_TABLE_SIZE is left at its default. */
const maxTableSize = 4096;
const entryOverhead = 32;
/** Headers of a plugin are a status and a few lines of metadata. */
export const maxHeaderListSize = 256 * 1024;

/** The receiving side of HPACK (RFC 7541), one for each connection: every header block must pass through it, in order. */
export class HpackDecoder {
  #table: Field[] = [];
  #size = 0;
  #limit = maxTableSize;

  /** The fields of one block; repeated ones are joined with a comma. Throws ConnectionError (COMPRESSION_ERROR). */
  decode(block: Uint8Array): HeaderMap {
    try {
      return this.#decode(new Cursor(block));
    } catch (error) {
      throw error instanceof ConnectionError ? error : new ConnectionError(ErrorCode.COMPRESSION_ERROR, `header block: ${String(error)}`);
    }
  }

  #decode(cursor: Cursor): HeaderMap {
    const headers = new Map<string, string>();
    let size = 0;
    while (!cursor.atEnd) {
      const field = this.#field(cursor);
      if (field === undefined) continue;
      const [name, value] = field;
      size += name.length + value.length + entryOverhead;
      if (size > maxHeaderListSize) throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, "too many headers");
      const before = headers.get(name);
      headers.set(name, before === undefined ? value : `${before},${value}`);
    }
    return headers;
  }

  /** One representation of RFC 7541, section 6; undefined for a change of the table's size. */
  #field(cursor: Cursor): Field | undefined {
    const first = cursor.peek();
    if (first >= 0x80) return this.#entry(cursor.integer(7));
    if (first >= 0x40) return this.#insert(this.#literal(cursor, 6));
    if (first < 0x20) return this.#literal(cursor, 4);
    const limit = cursor.integer(5);
    if (limit > maxTableSize) throw new Error("table size over our limit");
    this.#limit = limit;
    this.#evict();
    return undefined;
  }

  #literal(cursor: Cursor, prefix: number): Field {
    const index = cursor.integer(prefix);
    const name = index === 0 ? cursor.string() : this.#entry(index)[0];
    return [name, cursor.string()];
  }

  #entry(index: number): Field {
    const entry = index <= staticTable.length ? staticTable[index - 1] : this.#table[index - staticTable.length - 1];
    if (entry === undefined) throw new Error(`no entry ${index}`);
    return entry;
  }

  #insert(field: Field): Field {
    this.#table.unshift(field);
    this.#size += sizeOf(field);
    this.#evict();
    return field;
  }

  #evict(): void {
    while (this.#size > this.#limit) {
      const last = this.#table.pop();
      if (last === undefined) return;
      this.#size -= sizeOf(last);
    }
  }
}

const sizeOf = ([name, value]: Field): number => name.length + value.length + entryOverhead;

class Cursor {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  peek(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new Error("it ends early");
    return byte;
  }

  /** RFC 7541, 5.1, with a bound far over anything real. */
  integer(prefix: number): number {
    const mask = 2 ** prefix - 1;
    let value = this.#next() & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.#next();
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new Error("integer too large");
  }

  string(): string {
    const isHuffman = this.peek() >= 0x80;
    const length = this.integer(7);
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new Error("it ends early");
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return isHuffman ? decodeHuffman(bytes) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  }

  #next(): number {
    const byte = this.peek();
    this.#at += 1;
    return byte;
  }
}
