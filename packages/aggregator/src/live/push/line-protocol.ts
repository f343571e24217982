import { badRequest } from "@dataplane/meta";

/** Of InfluxDB's line protocol: bigint for integers, by type. */
export type PointValue =
  | { readonly type: "float64"; readonly value: number }
  | { readonly type: "int64" | "uint64"; readonly value: bigint }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "bool"; readonly value: boolean };

export interface Point {
  readonly measurement: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly fields: ReadonlyMap<string, PointValue>;
  /** Nanoseconds since the epoch; undefined when the line has none. */
  readonly time: bigint | undefined;
}

/**
 * Points of InfluxDB's line protocol, with nanoseconds (https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/).
 * Throws BadRequest with the number of the line.
 */
export function parseLineProtocol(text: string): readonly Point[] {
  const scanner = new Scanner(text);
  const points: Point[] = [];
  while (scanner.toNextLine()) points.push(pointAt(scanner));
  return points;
}

function pointAt(scanner: Scanner): Point {
  const measurement = scanner.name(", ", "measurement");
  const tags = new Map<string, string>();
  while (scanner.take(",")) {
    const key = scanner.name("=, ", "key of a tag");
    scanner.require("=");
    tags.set(key, scanner.name(", =", "value of a tag"));
  }
  scanner.requireBlanks();
  const fields = new Map<string, PointValue>();
  do {
    const key = scanner.name("=, ", "key of a field");
    scanner.require("=");
    fields.set(key, fieldValue(scanner));
  } while (scanner.take(","));
  scanner.skipBlanks();
  const time = scanner.isAtLineEnd() ? undefined : timeOf(scanner);
  scanner.skipBlanks();
  if (!scanner.isAtLineEnd()) throw scanner.error("something follows the timestamp");
  return { measurement, tags, fields, time };
}

function fieldValue(scanner: Scanner): PointValue {
  if (scanner.take('"')) return { type: "string", value: scanner.quoted() };
  const word = scanner.word();
  if (trues.has(word) || falses.has(word)) return { type: "bool", value: trues.has(word) };
  if (/^-?\d+i$/.test(word)) return { type: "int64", value: integer(scanner, word.slice(0, -1), -(2n ** 63n), 2n ** 63n - 1n) };
  if (/^\d+u$/.test(word)) return { type: "uint64", value: integer(scanner, word.slice(0, -1), 0n, 2n ** 64n - 1n) };
  const value = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?$/.test(word) ? Number(word) : Number.NaN;
  if (!Number.isFinite(value)) throw scanner.error("the value of a field is no number, text in quotes, true or false");
  return { type: "float64", value };
}

const trues: ReadonlySet<string> = new Set(["t", "T", "true", "True", "TRUE"]);
const falses: ReadonlySet<string> = new Set(["f", "F", "false", "False", "FALSE"]);

function timeOf(scanner: Scanner): bigint {
  const word = scanner.word();
  if (!/^-?\d+$/.test(word)) throw scanner.error("the timestamp is no whole number of nanoseconds");
  return integer(scanner, word, -(2n ** 63n), 2n ** 63n - 1n);
}

function integer(scanner: Scanner, digits: string, min: bigint, max: bigint): bigint {
  // Twenty digits are the most that fit, and more would take their time.
  const value = digits.length > 40 ? max + 1n : BigInt(digits);
  if (value < min || value > max) throw scanner.error("a number does not fit into 64 bits");
  return value;
}

/** Walks over the text once. */
class Scanner {
  readonly #text: string;
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  /** Past ends of lines, empty lines and comments; false at the end. */
  toNextLine(): boolean {
    for (;;) {
      this.skipBlanks();
      if (this.#at >= this.#text.length) return false;
      if (this.#text[this.#at] === "#") this.#toLineEnd();
      else if (!this.isAtLineEnd()) return true;
      if (this.#text[this.#at] === "\n") this.#line += 1;
      this.#at += 1;
    }
  }

  isAtLineEnd(): boolean {
    const char = this.#text[this.#at];
    return char === undefined || char === "\n" || (char === "\r" && (this.#text[this.#at + 1] ?? "\n") === "\n");
  }

  /** Up to one of `ends` that no backslash precedes. A backslash before any other character stands for itself. */
  name(ends: string, what: string): string {
    let name = "";
    while (!this.isAtLineEnd()) {
      const char = this.#text[this.#at] ?? "";
      if (ends.includes(char)) break;
      const next = this.#text[this.#at + 1] ?? "";
      const isEscape = char === "\\" && next !== "" && ", =".includes(next);
      name += isEscape ? next : char;
      this.#at += isEscape ? 2 : 1;
    }
    if (name === "") throw this.error(`there is no ${what}`);
    return name;
  }

  /** The rest of a text in quotes, which may have ends of lines. */
  quoted(): string {
    let value = "";
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at] ?? "";
      if (this.take('"')) return value;
      if (char === "\n") this.#line += 1;
      const next = this.#text[this.#at + 1] ?? "";
      const isEscape = char === "\\" && (next === '"' || next === "\\");
      value += isEscape ? next : char;
      this.#at += isEscape ? 2 : 1;
    }
    throw this.error("a text has no end");
  }

  word(): string {
    const start = this.#at;
    while (!this.isAtLineEnd() && !", ".includes(this.#text[this.#at] ?? "")) this.#at += 1;
    return this.#text.slice(start, this.#at);
  }

  take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  require(char: string): void {
    if (!this.take(char)) throw this.error(`there is no ${JSON.stringify(char)}`);
  }

  requireBlanks(): void {
    this.require(" ");
    this.skipBlanks();
  }

  skipBlanks(): void {
    while (this.#text[this.#at] === " ") this.#at += 1;
  }

  error(what: string): Error {
    return badRequest(`line ${this.#line} is no line protocol: ${what}`);
  }

  #toLineEnd(): void {
    while (!this.isAtLineEnd()) this.#at += 1;
  }
}
