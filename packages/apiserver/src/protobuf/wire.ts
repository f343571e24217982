import { badRequest } from "@dataplane/meta";

/** A value as it lies on the wire: a varint, or the bytes of anything else. */
export type Raw = bigint | Uint8Array;

export const malformed = (): Error => badRequest("the body is not valid protobuf");

/** Reads the fields of one message (https://protobuf.dev/programming-guides/encoding/). Throws BadRequest. */
export class WireReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Undefined at the end. */
  tag(): { readonly number: number; readonly wireType: number } | undefined {
    if (this.#at >= this.#bytes.byteLength) return undefined;
    const tag = this.#varint();
    return { number: Number(tag >> 3n), wireType: Number(tag & 7n) };
  }

  value(wireType: number): Raw {
    if (wireType === 0) return this.#varint();
    if (wireType === 1) return this.#take(8);
    if (wireType === 2) return this.#take(Number(this.#varint()));
    if (wireType === 5) return this.#take(4);
    throw malformed();
  }

  #varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw malformed();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw malformed();
  }

  #take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.byteLength) throw malformed();
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}

const textEncoder = new TextEncoder();

/** Writes the fields of one message. */
export class WireWriter {
  readonly #parts: Uint8Array[] = [];

  /** Whole numbers and booleans; negative numbers take ten bytes, as protobuf has it. */
  varint(number: number, value: bigint): void {
    this.#parts.push(varintOf(BigInt(number) << 3n), varintOf(BigInt.asUintN(64, value)));
  }

  double(number: number, value: number): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    this.#parts.push(varintOf((BigInt(number) << 3n) | 1n), bytes);
  }

  text(number: number, value: string): void {
    this.bytes(number, textEncoder.encode(value));
  }

  bytes(number: number, value: Uint8Array): void {
    this.#parts.push(varintOf((BigInt(number) << 3n) | 2n), varintOf(BigInt(value.byteLength)), value);
  }

  done(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}

function varintOf(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
