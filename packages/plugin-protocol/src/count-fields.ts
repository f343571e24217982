/** A message that ends in the middle; the decoder says so better. */
const malformed = -1;

/** Walks the fields of protobuf's wire format (https://protobuf.dev/programming-guides/encoding/) without making anything of them. */
class FieldCounter {
  readonly #bytes: Uint8Array;
  readonly #path: readonly number[];
  readonly #limit: number;
  #at = 0;
  #count = 0;

  constructor(bytes: Uint8Array, path: readonly number[], limit: number) {
    this.#bytes = bytes;
    this.#path = path;
    this.#limit = limit;
  }

  /** Counts the fields up to `end`, and those of the messages in the fields that the path names. True while all is well. */
  walk(end: number, level: number): boolean {
    while (this.#at < end) {
      const tag = this.#varint();
      if (++this.#count > this.#limit || tag === malformed || !this.#field(tag, end, level)) return false;
    }
    return this.#at === end;
  }

  get exceeded(): boolean {
    return this.#count > this.#limit;
  }

  #field(tag: number, end: number, level: number): boolean {
    switch (tag % 8) {
      case 0:
        return this.#varint() !== malformed;
      case 1:
        return this.#skip(8, end);
      case 2:
        return this.#delimited(Math.floor(tag / 8), end, level);
      case 5:
        return this.#skip(4, end);
      default:
        // Groups are of protobuf's past: no message of the protocol has one.
        return false;
    }
  }

  #delimited(field: number, end: number, level: number): boolean {
    const length = this.#varint();
    if (length === malformed || this.#at + length > end) return false;
    return field === this.#path[level] ? this.walk(this.#at + length, level + 1) : this.#skip(length, end);
  }

  #skip(length: number, end: number): boolean {
    this.#at += length;
    return this.#at <= end;
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined || scale > 2 ** 63) return malformed;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }
}

/**
 * Whether a message has more than `limit` fields, counted also in the messages that `path` leads to: field by field from the outermost.
 * Each costs the reader an object, and the sender two bytes at least.
 */
export function hasMoreFields(bytes: Uint8Array, path: readonly number[], limit: number): boolean {
  const counter = new FieldCounter(bytes, path, limit);
  counter.walk(bytes.length, 0);
  return counter.exceeded;
}
