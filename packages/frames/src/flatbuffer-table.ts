import { FrameError } from "./frame-error.js";

const MAX_VECTOR = 1 << 24;

/**
 * A table of a FlatBuffer (https://flatbuffers.dev/internals/) in foreign bytes. DataView checks every access and throws
 * RangeError; the entry points of this package turn that into FrameError.
 */
export class FlatbufferTable {
  readonly #view: DataView;
  readonly #at: number;
  readonly #vtable: number;
  readonly #vtableSize: number;

  constructor(view: DataView, at: number) {
    this.#view = view;
    this.#at = at;
    this.#vtable = at - view.getInt32(at, true);
    this.#vtableSize = view.getUint16(this.#vtable, true);
  }

  /** The table that a buffer beginning at `start` has as its root. */
  static root(view: DataView, start: number): FlatbufferTable {
    return new FlatbufferTable(view, start + view.getUint32(start, true));
  }

  /** Where a member lies; 0 if it is absent. */
  #member(slot: number): number {
    const entry = 4 + slot * 2;
    if (entry + 2 > this.#vtableSize) return 0;
    const offset = this.#view.getUint16(this.#vtable + entry, true);
    return offset === 0 ? 0 : this.#at + offset;
  }

  #target(slot: number): number {
    const member = this.#member(slot);
    return member === 0 ? 0 : member + this.#view.getUint32(member, true);
  }

  byte(slot: number): number {
    const member = this.#member(slot);
    return member === 0 ? 0 : this.#view.getUint8(member);
  }

  short(slot: number): number {
    const member = this.#member(slot);
    return member === 0 ? 0 : this.#view.getInt16(member, true);
  }

  int(slot: number): number {
    const member = this.#member(slot);
    return member === 0 ? 0 : this.#view.getInt32(member, true);
  }

  long(slot: number): number {
    const member = this.#member(slot);
    return member === 0 ? 0 : readLength(this.#view, member);
  }

  has(slot: number): boolean {
    return this.#member(slot) !== 0;
  }

  table(slot: number): FlatbufferTable | undefined {
    const target = this.#target(slot);
    return target === 0 ? undefined : new FlatbufferTable(this.#view, target);
  }

  /** The bytes of a string. */
  bytes(slot: number): Uint8Array {
    const target = this.#target(slot);
    if (target === 0) return new Uint8Array(0);
    const length = this.#view.getUint32(target, true);
    if (target + 4 + length > this.#view.byteLength) throw new FrameError("Arrow metadata: a string ends outside of the message");
    return new Uint8Array(this.#view.buffer, this.#view.byteOffset + target + 4, length);
  }

  /** First element and count of a vector whose elements take `size` bytes. */
  #vector(slot: number, size: number): { first: number; count: number } {
    const target = this.#target(slot);
    if (target === 0) return { first: 0, count: 0 };
    const count = this.#view.getUint32(target, true);
    if (count > MAX_VECTOR || target + 4 + count * size > this.#view.byteLength) {
      throw new FrameError("Arrow metadata: a vector ends outside of the message");
    }
    return { first: target + 4, count };
  }

  tables(slot: number): FlatbufferTable[] {
    const { first, count } = this.#vector(slot, 4);
    return Array.from({ length: count }, (_, i) => {
      const at = first + i * 4;
      return new FlatbufferTable(this.#view, at + this.#view.getUint32(at, true));
    });
  }

  /** A vector of structs of two 64-bit numbers each (FieldNode, Buffer). */
  pairs(slot: number): [number, number][] {
    const { first, count } = this.#vector(slot, 16);
    return Array.from({ length: count }, (_, i) => [readLength(this.#view, first + i * 16), readLength(this.#view, first + i * 16 + 8)]);
  }
}

/** A 64-bit length or offset: never negative, never beyond what a number can count. */
function readLength(view: DataView, at: number): number {
  const high = view.getInt32(at + 4, true);
  if (high < 0 || high > 0x1fffff) throw new FrameError("Arrow metadata: a length is out of range");
  return high * 2 ** 32 + view.getUint32(at, true);
}
