const symbols = ["==", "!=", "=", "!", "(", ")", ",", ">", "<"] as const;

export interface Token {
  readonly kind: "identifier" | "end" | (typeof symbols)[number];
  /** As written; of an identifier, `in` and `notin` included, its letters. */
  readonly text: string;
}

const end: Token = { kind: "end", text: "" };

/** A label selector, word by word. */
export class LabelTokens {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(text: string) {
    this.#tokens = [...tokensOf(text)];
  }

  /** The next token, which stays; the end when there is none. */
  peek(): Token {
    return this.#tokens[this.#next] ?? end;
  }

  take(): Token {
    const token = this.peek();
    this.#next += 1;
    return token;
  }
}

function* tokensOf(text: string): Generator<Token> {
  for (let at = 0; at < text.length; ) {
    const symbol = symbols.find((it) => text.startsWith(it, at));
    const length = symbol === undefined ? wordLength(text, at) : symbol.length;
    if (symbol !== undefined) yield { kind: symbol, text: symbol };
    else if (length > 0) yield { kind: "identifier", text: text.slice(at, at + length) };
    // A blank between words.
    at += Math.max(length, 1);
  }
}

function wordLength(text: string, from: number): number {
  let to = from;
  while (to < text.length && !" \t\r\n=!(),><".includes(text.charAt(to))) to += 1;
  return to - from;
}
