/**
 * Writes FlatBuffers (https://flatbuffers.dev/internals/) back to front, as the format wants: what is referred to comes first.
 * An offset is the distance from the end of the buffer, so it stays true while the buffer grows.
 */
export class FlatbufferBuilder {
  #bytes = Buffer.alloc(1024);
  #used = 0;

  get #at(): number {
    return this.#bytes.length - this.#used;
  }

  /** Makes `size` bytes room whose last byte lies `size` before the present front, aligned to `align` after `extra` more bytes. */
  #prepare(size: number, align: number, extra = 0): void {
    const pad = (align - ((this.#used + size + extra) % align)) % align;
    while (this.#used + size + pad + extra > this.#bytes.length) {
      const grown = Buffer.alloc(this.#bytes.length * 2);
      this.#bytes.copy(grown, grown.length - this.#bytes.length);
      this.#bytes = grown;
    }
    this.#used += pad;
  }

  #int16(value: number): void {
    this.#used += 2;
    this.#bytes.writeUInt16LE(value, this.#at);
  }

  #int32(value: number): void {
    this.#used += 4;
    this.#bytes.writeInt32LE(value, this.#at);
  }

  #int64(value: number): void {
    this.#used += 8;
    this.#bytes.writeBigInt64LE(BigInt(value), this.#at);
  }

  #offset(target: number): void {
    this.#used += 4;
    this.#bytes.writeUInt32LE(this.#used - target, this.#at);
  }

  string(text: string): number {
    const bytes = Buffer.from(text);
    this.#prepare(bytes.length + 1, 4, 4);
    this.#used += bytes.length + 1;
    bytes.copy(this.#bytes, this.#at);
    this.#int32(bytes.length);
    return this.#used;
  }

  /** A vector of offsets to tables or strings. */
  offsets(targets: readonly number[]): number {
    this.#prepare(targets.length * 4, 4, 4);
    for (const target of targets.toReversed()) this.#offset(target);
    this.#int32(targets.length);
    return this.#used;
  }

  /** A vector of structs that are made of 64-bit numbers only. */
  structs(structs: readonly (readonly number[])[]): number {
    const size = structs.reduce((sum, struct) => sum + struct.length * 8, 0);
    this.#prepare(size, 8, 0);
    this.#prepare(size, 4, 4);
    for (const struct of structs.toReversed()) for (const member of struct.toReversed()) this.#int64(member);
    this.#int32(structs.length);
    return this.#used;
  }

  /** A table: members by their slot. */
  table(members: readonly TableMember[]): number {
    const slots = new Map<number, number>();
    const start = this.#used;
    for (const member of members) {
      this.#prepare(member.size, member.size);
      if (member.size === 8) this.#int64(member.value);
      else if (member.size === 4 && member.offset) this.#offset(member.value);
      else if (member.size === 4) this.#int32(member.value);
      else if (member.size === 2) this.#int16(member.value);
      else this.#int8(member.value);
      slots.set(member.slot, this.#used);
    }
    this.#prepare(4, 4);
    this.#int32(0);
    const table = this.#used;
    this.#vtable(slots, start, table);
    return table;
  }

  #int8(value: number): void {
    this.#used += 1;
    this.#bytes.writeUInt8(value, this.#at);
  }

  #vtable(slots: ReadonlyMap<number, number>, start: number, table: number): void {
    const count = Math.max(-1, ...slots.keys()) + 1;
    this.#prepare(count * 2 + 4, 2);
    for (let slot = count - 1; slot >= 0; slot--) {
      const member = slots.get(slot);
      this.#int16(member === undefined ? 0 : table - member);
    }
    this.#int16(table - start);
    this.#int16(count * 2 + 4);
    this.#bytes.writeInt32LE(this.#used - table, this.#bytes.length - table);
  }

  /** The whole buffer, its length a multiple of 8. */
  finish(root: number): Buffer {
    this.#prepare(4, 8);
    this.#offset(root);
    return Buffer.from(this.#bytes.subarray(this.#at));
  }
}

/** A member of a table; an offset member refers to a string, vector or table. */
export interface TableMember {
  readonly slot: number;
  readonly size: 1 | 2 | 4 | 8;
  readonly value: number;
  readonly offset?: true;
}

export function byte(slot: number, value: number): TableMember {
  return { slot, size: 1, value };
}

export function short(slot: number, value: number): TableMember {
  return { slot, size: 2, value };
}

export function int(slot: number, value: number): TableMember {
  return { slot, size: 4, value };
}

export function long(slot: number, value: number): TableMember {
  return { slot, size: 8, value };
}

export function reference(slot: number, value: number): TableMember {
  return { slot, size: 4, value, offset: true };
}
