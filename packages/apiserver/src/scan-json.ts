/** A key that stands again in one object; of what it meant first nothing is left. */
export interface DuplicateKey {
  /** Such as `spec.a` or `spec.items[0].a`. */
  readonly path: string;
  readonly key: string;
  /** Of the text, from 1. */
  readonly line: number;
  /** Written in YAML, whose readers tell keys by lines. */
  readonly isYaml: boolean;
}

/** Nobody reads more. */
export const mostDuplicates = 100;

/** What JSON.parse does not tell. */
export interface JsonScan {
  /** The first hundred. */
  readonly duplicates: readonly DuplicateKey[];
  /** Offset of the first character that is not JSON; undefined when it is. */
  readonly errorAt: number | undefined;
}

/** Walks JSON text for duplicate keys and for the place of a mistake, without building values. */
export function scanJson(text: string): JsonScan {
  const scanner = new Scanner(text);
  try {
    scanner.value("", 0);
    scanner.end();
    return { duplicates: scanner.duplicates, errorAt: undefined };
  } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    return { duplicates: scanner.duplicates, errorAt: error.at };
  }
}

class NotJson extends Error {
  readonly at: number;
  constructor(at: number) {
    super("not JSON");
    this.at = at;
  }
}

const space = /[ \t\n\r]*/y;
const plain = /[^"\\\u0000-\u001f]*/y;
const escape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const word = /true|false|null/y;
const number = /-?\d[0-9.eE+-]*/y;

/** What `number` took, and JSON allows. */
const isNumber = (text: string): boolean => /^-?\d/.test(text) && !/^-?0\d/.test(text) && !/\.(?!\d)/.test(text) && !Number.isNaN(Number(text));

const maxDepth = 1_000;

class Scanner {
  readonly duplicates: DuplicateKey[] = [];
  readonly #text: string;
  #at = 0;
  #line = 1;
  #linesCountedTo = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(path: string, depth: number): void {
    if (depth > maxDepth) throw new NotJson(this.#at);
    this.#take(space);
    const char = this.#text[this.#at];
    if (char === "{") this.#object(path, depth);
    else if (char === "[") this.#array(path, depth);
    else if (char === '"') this.#string();
    else this.#scalar();
  }

  end(): void {
    this.#take(space);
    if (this.#at < this.#text.length) throw new NotJson(this.#at);
  }

  #object(path: string, depth: number): void {
    const seen = new Set<string>();
    this.#at++;
    if (this.#accept("}")) return;
    do {
      this.#take(space);
      const key = this.#string();
      const itsPath = path === "" ? key : `${path}.${key}`;
      if (seen.has(key) && this.duplicates.length < mostDuplicates)
        this.duplicates.push({ path: itsPath, key, line: this.#lineHere(), isYaml: false });
      seen.add(key);
      this.#expect(":");
      this.value(itsPath, depth + 1);
    } while (this.#accept(","));
    this.#expect("}");
  }

  #lineHere(): number {
    for (let at = this.#text.indexOf("\n", this.#linesCountedTo); at >= 0 && at < this.#at; at = this.#text.indexOf("\n", at + 1)) {
      this.#line++;
      this.#linesCountedTo = at + 1;
    }
    return this.#line;
  }

  #array(path: string, depth: number): void {
    this.#at++;
    if (this.#accept("]")) return;
    let index = 0;
    do this.value(`${path}[${String(index++)}]`, depth + 1);
    while (this.#accept(","));
    this.#expect("]");
  }

  #scalar(): void {
    if (this.#take(word) !== "") return;
    const start = this.#at;
    if (!isNumber(this.#take(number))) throw new NotJson(start);
  }

  #string(): string {
    const start = this.#at;
    if (this.#text[this.#at] !== '"') throw new NotJson(this.#at);
    this.#at++;
    do this.#take(plain);
    while (this.#take(escape) !== "");
    if (this.#text[this.#at] !== '"') throw new NotJson(this.#at);
    this.#at++;
    const key: unknown = JSON.parse(this.#text.slice(start, this.#at));
    return String(key);
  }

  #accept(char: string): boolean {
    this.#take(space);
    if (this.#text[this.#at] !== char) return false;
    this.#at++;
    return true;
  }

  #expect(char: string): void {
    if (!this.#accept(char)) throw new NotJson(this.#at);
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const taken = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += taken.length;
    return taken;
  }
}
