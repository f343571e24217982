/** A buffer that grew over this is not kept for the next message. */
const mostKept = 1 << 20;

/** Writes the fields of a message one after the other (https://protobuf.dev/programming-guides/encoding/). One at a time: messages are made in one go. */
export class WireWriter {
  #bytes = Buffer.allocUnsafe(4096);
  #at = 0;

  /** Fields that are bytes already. */
  raw(fields: Uint8Array): void {
    this.#reserve(fields.byteLength);
    this.#bytes.set(fields, this.#at);
    this.#at += fields.byteLength;
  }

  /** Nothing for an empty text: absent means the same. */
  text(tag: number, value: string): void {
    if (value === "") return;
    const size = Buffer.byteLength(value);
    this.#reserve(size + 6);
    this.#bytes[this.#at++] = tag;
    this.#varint(size);
    this.#at += this.#bytes.write(value, this.#at);
  }

  bytes(tag: number, value: Uint8Array): void {
    if (value.byteLength === 0) return;
    this.#reserve(value.byteLength + 6);
    this.#bytes[this.#at++] = tag;
    this.#varint(value.byteLength);
    this.raw(value);
  }

  /** An int64 that is a safe integer. */
  integer(tag: number, value: number): void {
    if (value === 0) return;
    this.#reserve(11);
    this.#bytes[this.#at++] = tag;
    if (value > 0) this.#varint(value);
    else this.#negative(value);
  }

  /** Begins a message inside the message; `close` is given what this gives. */
  open(tag: number): number {
    this.#reserve(2);
    this.#bytes[this.#at++] = tag;
    this.#at += 1;
    return this.#at;
  }

  close(start: number): void {
    const size = this.#at - start;
    if (size < 0x80) {
      this.#bytes[start - 1] = size;
      return;
    }
    // There is room for one byte of the length: it takes more.
    const more = size < 0x4000 ? 1 : size < 0x20_0000 ? 2 : size < 0x1000_0000 ? 3 : 4;
    this.#reserve(more);
    this.#bytes.copyWithin(start + more, start, this.#at);
    this.#at = start - 1;
    this.#varint(size);
    this.#at = start + more + size;
  }

  /** What was written, in memory of its own; the writer is empty then. */
  finish(): Buffer {
    const message = Buffer.from(this.#bytes.subarray(0, this.#at));
    this.#at = 0;
    if (this.#bytes.byteLength > mostKept) this.#bytes = Buffer.allocUnsafe(4096);
    return message;
  }

  #varint(value: number): void {
    let rest = value;
    // Not by shifts: they have 32 bits.
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#bytes[this.#at++] = (rest % 0x80) | 0x80;
    this.#bytes[this.#at++] = rest;
  }

  /** Two's complement of 64 bits. */
  #negative(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 0x80n; rest >>= 7n) this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80;
    this.#bytes[this.#at++] = Number(rest);
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.byteLength) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#bytes.byteLength, this.#at + bytes));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}
