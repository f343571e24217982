import { FrameError } from "./frame-error.js";

/** Frames are flat; what nests deeper than this is an attack. */
export const MAX_DEPTH = 256;

const Char = {
  Quote: 0x22,
  Comma: 0x2c,
  Minus: 0x2d,
  Dot: 0x2e,
  Zero: 0x30,
  Nine: 0x39,
  Colon: 0x3a,
  OpenArray: 0x5b,
  Backslash: 0x5c,
  CloseArray: 0x5d,
  OpenObject: 0x7b,
  CloseObject: 0x7d,
} as const;

/** What a container is on the way to `data.values[0]`. */
const Place = { None: 0, Top: 1, Data: 2, Values: 3, Column: 4 } as const;
type Place = (typeof Place)[keyof typeof Place];

interface Container {
  readonly isObject: boolean;
  readonly place: Place;
  count: number;
}

/**
 * One pass over frame JSON (RFC 8259): is it well-formed, and how many rows has its first column. UTF-8 is checked by the caller.
 * The twin in plain TypeScript of the WebAssembly scanner.
 */
export class JsonScanner {
  readonly #bytes: Buffer;
  readonly #stack: Container[] = [];
  #at = 0;
  #key = "";
  #rows = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Rows of `data.values[0]`, 0 if there is none; final when all is read. */
  get rows(): number {
    return this.#rows;
  }

  /** Reads on for about `bytes` bytes, to the end of a value. True when all is read and well-formed. Throws FrameError. */
  advance(bytes: number): boolean {
    const until = this.#at + bytes;
    if (this.#at === 0) this.#begin();
    while (this.#stack.length > 0) {
      if (this.#next()) this.#value();
      if (this.#at >= until && this.#stack.length > 0) return false;
    }
    this.#blank();
    if (this.#at < this.#bytes.length) this.#fail();
    return true;
  }

  #begin(): void {
    this.#blank();
    if (this.#peek() !== Char.OpenObject) this.#fail();
    this.#value();
  }

  #fail(): never {
    throw new FrameError(`frame JSON is not well-formed at byte ${this.#at}`);
  }

  #peek(): number {
    return this.#bytes[this.#at] ?? -1;
  }

  #blank(): void {
    for (let c = this.#peek(); c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09; c = this.#peek()) this.#at++;
  }

  /** Reads a value, or opens a container. */
  #value(): void {
    const c = this.#peek();
    if (c === Char.OpenObject || c === Char.OpenArray) this.#open(c === Char.OpenObject);
    else if (c === Char.Quote) this.#string();
    else if (c === Char.Minus || (c >= Char.Zero && c <= Char.Nine)) this.#number();
    else this.#word();
  }

  #placeOfNew(isObject: boolean): Place {
    const parent = this.#stack.at(-1);
    if (parent === undefined) return Place.Top;
    if (parent.place === Place.Top && isObject && this.#key === "data") return Place.Data;
    if (parent.place === Place.Data && !isObject && this.#key === "values") return Place.Values;
    return parent.place === Place.Values && !isObject && parent.count === 1 ? Place.Column : Place.None;
  }

  #open(isObject: boolean): void {
    if (this.#stack.length === MAX_DEPTH) throw new FrameError(`frame JSON nests deeper than ${MAX_DEPTH}`);
    this.#stack.push({ isObject, place: this.#placeOfNew(isObject), count: 0 });
    this.#at++;
  }

  /** After a value or an opening: moves on to the next value (true), or closes the container (false). */
  #next(): boolean {
    const top = this.#stack.at(-1);
    if (top === undefined) return false;
    this.#blank();
    if (this.#peek() === (top.isObject ? Char.CloseObject : Char.CloseArray)) {
      this.#at++;
      this.#stack.pop();
      if (top.place === Place.Column) this.#rows = top.count;
      return false;
    }
    if (top.count > 0) {
      if (this.#peek() !== Char.Comma) this.#fail();
      this.#at++;
      this.#blank();
    }
    top.count++;
    if (top.isObject) this.#member();
    return true;
  }

  #member(): void {
    if (this.#peek() !== Char.Quote) this.#fail();
    const start = this.#at + 1;
    this.#string();
    this.#key = this.#stack.length <= 2 && this.#at - start < 16 ? this.#bytes.toString("latin1", start, this.#at - 1) : "";
    this.#blank();
    if (this.#peek() !== Char.Colon) this.#fail();
    this.#at++;
    this.#blank();
  }

  #string(): void {
    this.#at++;
    for (let c = this.#peek(); c !== Char.Quote; c = this.#peek()) {
      if (c < 0x20) this.#fail();
      this.#at++;
      if (c === Char.Backslash) this.#escape();
    }
    this.#at++;
  }

  #escape(): void {
    const c = this.#peek();
    if (c !== 0x75) {
      if (!'"\\/bfnrt'.includes(String.fromCharCode(Math.max(c, 0)))) this.#fail();
      this.#at++;
      return;
    }
    this.#at++;
    for (let i = 0; i < 4; i++, this.#at++) {
      const digit = this.#peek();
      const letter = digit | 0x20;
      if (!(digit >= Char.Zero && digit <= Char.Nine) && !(letter >= 0x61 && letter <= 0x66 && digit > 0)) this.#fail();
    }
  }

  #digits(): void {
    const start = this.#at;
    for (let c = this.#peek(); c >= Char.Zero && c <= Char.Nine; c = this.#peek()) this.#at++;
    if (this.#at === start) this.#fail();
  }

  #number(): void {
    if (this.#peek() === Char.Minus) this.#at++;
    if (this.#peek() === Char.Zero) this.#at++;
    else this.#digits();
    if (this.#peek() === Char.Dot) {
      this.#at++;
      this.#digits();
    }
    if ((this.#peek() | 0x20) === 0x65) {
      this.#at++;
      if (this.#peek() === Char.Minus || this.#peek() === 0x2b) this.#at++;
      this.#digits();
    }
  }

  #word(): void {
    for (const word of ["true", "false", "null"]) {
      if (this.#bytes.toString("latin1", this.#at, this.#at + word.length) !== word) continue;
      this.#at += word.length;
      return;
    }
    this.#fail();
  }
}
