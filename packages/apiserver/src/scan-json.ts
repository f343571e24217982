/** What JSON.parse does not tell. */
export interface JsonScan {
  /** Paths of keys that stand twice in one object, such as `spec.a` or `spec.items[0].a`. */
  readonly duplicates: readonly string[];
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
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const scalar = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const maxDepth = 1_000;

class Scanner {
  readonly duplicates: string[] = [];
  readonly #text: string;
  #at = 0;

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
    else if (this.#take(scalar) === "") throw new NotJson(this.#at);
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
      if (seen.has(key)) this.duplicates.push(itsPath);
      seen.add(key);
      this.#expect(":");
      this.value(itsPath, depth + 1);
    } while (this.#accept(","));
    this.#expect("}");
  }

  #array(path: string, depth: number): void {
    this.#at++;
    if (this.#accept("]")) return;
    let index = 0;
    do this.value(`${path}[${String(index++)}]`, depth + 1);
    while (this.#accept(","));
    this.#expect("]");
  }

  #string(): string {
    const token = this.#take(string);
    if (token === "") throw new NotJson(this.#at);
    const key: unknown = JSON.parse(token);
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
    const token = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += token.length;
    return token;
  }
}
