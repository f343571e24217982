import { Uint } from "../values/cel-value.js";
import { CelIssue } from "./cel-issue.js";
import { type Call, call, type Expression, ident, type ListElement, literal, type MapEntry } from "./expression.js";
import { expandMacro } from "./macros.js";
import { doubleOf, intOf, uintOf } from "./numbers.js";
import { type Token, tokensOf } from "./tokens.js";

/** Deeper nesting is refused: every walk over an expression is recursive. The limit is cel-go's. */
const deepest = 250;
/** Longer texts are refused. The limit is cel-go's (code points there). */
const longestText = 100_000;

/** Reads a CEL text (https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax), macros expanded. Throws a CelIssue. */
export function parseExpression(source: string): Expression {
  if (source.length > longestText) throw new CelIssue(`expression code point size exceeds limit: size: ${source.length}, limit ${longestText}`, 0);
  return new Parser(tokensOf(source)).whole();
}

const reserved = new Set(
  "as break const continue else false for function if import in let loop null package namespace return true var void while".split(" "),
);

/** Words that are tokens of their own: no field can be selected by them. */
const keywords = new Set(["true", "false", "null", "in"]);

const relations = new Map([
  ["<", "_<_"],
  ["<=", "_<=_"],
  [">", "_>_"],
  [">=", "_>=_"],
  ["==", "_==_"],
  ["!=", "_!=_"],
  ["in", "@in"],
]);
const sums = new Map([
  ["+", "_+_"],
  ["-", "_-_"],
]);
const products = new Map([
  ["*", "_*_"],
  ["/", "_/_"],
  ["%", "_%_"],
]);

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Expression {
    const expression = this.#expression();
    const { kind, text, at } = this.#peek();
    if (kind !== "end") throw new CelIssue(`Syntax error: extraneous input '${kind === "string" ? `'${text}'` : text}' expecting <EOF>`, at);
    return expression;
  }

  #expression(): Expression {
    return this.#nested(() => {
      const condition = this.#logical("||", "_||_", () => this.#logical("&&", "_&&_", () => this.#relation()));
      const question = this.#take("?");
      if (question === undefined) return condition;
      const then = this.#logical("||", "_||_", () => this.#logical("&&", "_&&_", () => this.#relation()));
      this.#need(":");
      return call("_?_:_", [condition, then, this.#expression()], question.at);
    });
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > deepest) throw new CelIssue(`expression recursion limit exceeded: ${deepest}`, this.#peek().at);
    const result = read();
    this.#depth--;
    return result;
  }

  #logical(symbol: string, name: string, operand: () => Expression): Expression {
    const terms = [operand()];
    const places: number[] = [];
    for (let sign = this.#take(symbol); sign !== undefined; sign = this.#take(symbol)) {
      places.push(sign.at);
      terms.push(operand());
    }
    return balanced(name, terms, places);
  }

  #relation(): Expression {
    return this.#leftToRight(relations, () => this.#leftToRight(sums, () => this.#leftToRight(products, () => this.#unary())));
  }

  #leftToRight(names: ReadonlyMap<string, string>, operand: () => Expression): Expression {
    let left = operand();
    for (let count = 0; ; count++) {
      const token = this.#peek();
      const name = token.kind === "symbol" || token.text === "in" ? names.get(token.text) : undefined;
      if (name === undefined || token.kind === "string") return left;
      if (count > deepest) throw new CelIssue(`expression recursion limit exceeded: ${deepest}`, token.at);
      this.#next++;
      left = call(name, [left, operand()], token.at);
    }
  }

  #unary(): Expression {
    for (const [sign, name] of [
      ["!", "!_"],
      ["-", "-_"],
    ] as const) {
      const first = this.#take(sign);
      if (first === undefined) continue;
      let count = 1;
      while (this.#take(sign) !== undefined) count++;
      if (sign === "-" && count === 1 && isNumber(this.#peek())) return this.#member(this.#number("-", first.at));
      const operand = this.#member(this.#primary());
      return count % 2 === 0 ? operand : call(name, [operand], first.at);
    }
    return this.#member(this.#primary());
  }

  #member(start: Expression): Expression {
    let left = start;
    for (let count = 0; ; count++) {
      if (count > deepest) throw new CelIssue(`expression recursion limit exceeded: ${deepest}`, this.#peek().at);
      const dot = this.#take(".");
      const bracket = dot === undefined ? this.#take("[") : undefined;
      if (dot !== undefined) left = this.#afterDot(left, dot);
      else if (bracket !== undefined) left = this.#afterBracket(left, bracket);
      else if (this.#peek().text === "{" && this.#peek().kind === "symbol") left = this.#message(left);
      else return left;
    }
  }

  #afterDot(operand: Expression, dot: Token): Expression {
    const isOptional = this.#take("?") !== undefined;
    const field = this.#peek();
    if (field.kind !== "ident" || keywords.has(field.text)) throw this.#unexpected("{'?', IDENTIFIER, ESC_IDENTIFIER}");
    this.#next++;
    if (isOptional) return call("_?._", [operand, literal(field.text, field.at)], dot.at);
    const open = this.#take("(");
    if (open === undefined) return { kind: "select", operand, field: field.text, isTest: false, at: dot.at };
    const args = this.#arguments(")");
    return expandMacro({ kind: "call", name: field.text, target: operand, args, at: open.at });
  }

  #afterBracket(operand: Expression, bracket: Token): Expression {
    const isOptional = this.#take("?") !== undefined;
    const index = this.#expression();
    this.#need("]");
    return call(isOptional ? "_[?_]" : "_[_]", [operand, index], bracket.at);
  }

  #message(left: Expression): Expression {
    const typeName = dottedName(left);
    const brace = this.#need("{");
    if (typeName === undefined) throw new CelIssue("Syntax error: mismatched input '{' expecting <EOF>", brace.at);
    while (this.#peek().text !== "}" && this.#peek().kind !== "end") {
      this.#next++;
      this.#need(":");
      this.#expression();
      if (this.#take(",") === undefined) break;
    }
    this.#need("}");
    return { kind: "message", typeName, at: brace.at };
  }

  #primary(): Expression {
    const token = this.#peek();
    if (token.kind === "symbol") return this.#bracketed(token);
    if (isNumber(token)) return this.#number("", token.at);
    this.#next++;
    if (token.kind === "string") return literal(token.text, token.at);
    if (token.kind === "bytes") return literal(token.bytes ?? new Uint8Array(), token.at);
    if (token.kind === "ident") return this.#name(token);
    this.#next--;
    throw this.#unexpected();
  }

  #name(token: Token): Expression {
    const constant = constants.get(token.text);
    if (constant !== undefined) return literal(constant.value, token.at);
    if (token.text === "in") {
      this.#next--;
      throw this.#unexpected();
    }
    if (reserved.has(token.text)) throw new CelIssue(`reserved identifier: ${token.text}`, token.at);
    const open = this.#take("(");
    if (open === undefined) return ident(token.text, token.at);
    const made: Call = { kind: "call", name: token.text, target: undefined, args: this.#arguments(")"), at: open.at };
    return expandMacro(made);
  }

  #bracketed(token: Token): Expression {
    if (this.#take(".") !== undefined) {
      const name = this.#peek();
      if (name.kind !== "ident") throw this.#unexpected();
      this.#next++;
      return this.#name(name);
    }
    if (this.#take("(") !== undefined) {
      const inner = this.#expression();
      this.#need(")");
      return inner;
    }
    if (this.#take("[") !== undefined) return { kind: "list", elements: this.#elements(), at: token.at };
    if (this.#take("{") !== undefined) return { kind: "map", entries: this.#entries(), at: token.at };
    throw this.#unexpected();
  }

  #arguments(close: string): readonly Expression[] {
    const args: Expression[] = [];
    if (this.#take(close) !== undefined) return args;
    do args.push(this.#expression());
    while (this.#take(",") !== undefined);
    this.#need(close);
    return args;
  }

  #elements(): readonly ListElement[] {
    const elements: ListElement[] = [];
    while (this.#take("]") === undefined) {
      const isOptional = this.#take("?") !== undefined;
      elements.push({ value: this.#expression(), isOptional });
      if (this.#take(",") !== undefined) continue;
      this.#need("]");
      break;
    }
    return elements;
  }

  #entries(): readonly MapEntry[] {
    const entries: MapEntry[] = [];
    while (this.#take("}") === undefined) {
      const isOptional = this.#take("?") !== undefined;
      const key = this.#expression();
      this.#need(":");
      entries.push({ key, value: this.#expression(), isOptional });
      if (this.#take(",") !== undefined) continue;
      this.#need("}");
      break;
    }
    return entries;
  }

  #number(sign: "" | "-", at: number): Expression {
    const token = this.#peek();
    this.#next++;
    if (token.kind === "double") return literal(doubleOf(`${sign}${token.text}`, at), at);
    if (token.kind === "int") return literal(intOf(sign, token.text, at), at);
    if (sign === "-") return call("-_", [literal(new Uint(uintOf(token.text, at)), token.at)], at);
    return literal(new Uint(uintOf(token.text, at)), at);
  }

  #peek(): Token {
    const token = this.#tokens[this.#next] ?? this.#tokens.at(-1);
    if (token === undefined) throw new CelIssue("Syntax error: mismatched input '<EOF>'", 0);
    return token;
  }

  #take(text: string): Token | undefined {
    const token = this.#peek();
    if (token.kind !== "symbol" || token.text !== text) return undefined;
    this.#next++;
    return token;
  }

  #need(text: string): Token {
    const token = this.#take(text);
    if (token !== undefined) return token;
    const next = this.#peek();
    throw next.kind === "end" ? new CelIssue(`Syntax error: missing '${text}' at '<EOF>'`, next.at) : this.#unexpected(`'${text}'`);
  }

  #unexpected(
    expected = "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}",
  ): CelIssue {
    const { text, at } = this.#peek();
    return new CelIssue(`Syntax error: mismatched input '${text}' expecting ${expected}`, at);
  }
}

const constants = new Map<string, { readonly value: boolean | null }>([
  ["true", { value: true }],
  ["false", { value: false }],
  ["null", { value: null }],
]);

const isNumber = ({ kind }: Token): boolean => kind === "int" || kind === "uint" || kind === "double";

function dottedName(expression: Expression): string | undefined {
  if (expression.kind === "ident") return expression.name;
  if (expression.kind !== "select" || expression.isTest) return undefined;
  const parent = dottedName(expression.operand);
  return parent === undefined ? undefined : `${parent}.${expression.field}`;
}

/** `a && b && c && d` as a tree of even depth, so that a long chain is not a deep one. */
function balanced(name: string, terms: readonly Expression[], places: readonly number[]): Expression {
  const [first, ...rest] = terms;
  if (first === undefined) throw new CelIssue("Syntax error: mismatched input '<EOF>'", 0);
  if (rest.length === 0) return first;
  const middle = Math.ceil(terms.length / 2);
  const left = balanced(name, terms.slice(0, middle), places.slice(0, middle - 1));
  const right = balanced(name, terms.slice(middle), places.slice(middle));
  return call(name, [left, right], places[middle - 1] ?? first.at);
}
