import type { CelValue } from "../values/cel-value.js";

interface Placed {
  /** Offset of the operator, bracket or name in the text. */
  readonly at: number;
}

export interface Literal extends Placed {
  readonly kind: "literal";
  readonly value: CelValue;
}

export interface Ident extends Placed {
  readonly kind: "ident";
  readonly name: string;
}

export interface Select extends Placed {
  readonly kind: "select";
  readonly operand: Expression;
  readonly field: string;
  /** `has(operand.field)`. */
  readonly isTest: boolean;
}

/** Operators are calls too, by cel-go's names: `_+_`, `_[_]`, `_?_:_`. */
export interface Call extends Placed {
  readonly kind: "call";
  readonly name: string;
  readonly target: Expression | undefined;
  readonly args: readonly Expression[];
}

export interface ListElement {
  readonly value: Expression;
  /** `[?x]`: left out when x is none. */
  readonly isOptional: boolean;
}

export interface ListLiteral extends Placed {
  readonly kind: "list";
  readonly elements: readonly ListElement[];
}

export interface MapEntry extends ListElement {
  readonly key: Expression;
}

export interface MapLiteral extends Placed {
  readonly kind: "map";
  readonly entries: readonly MapEntry[];
}

/** `a.b.C{field: value}`: no type of a rule can be made so, but it must be read to be told. */
export interface MessageLiteral extends Placed {
  readonly kind: "message";
  readonly typeName: string;
}

/**
 * What the macros expand to: a fold of `range` into the accumulator. One variable walks over the items of a list or the keys of a
 * map; two over index and item, or key and value.
 */
export interface Comprehension extends Placed {
  readonly kind: "comprehension";
  readonly range: Expression;
  readonly variable: string;
  readonly secondVariable: string | undefined;
  readonly accumulator: string;
  readonly initial: Expression;
  readonly condition: Expression;
  readonly step: Expression;
  readonly result: Expression;
}

export type Expression = Literal | Ident | Select | Call | ListLiteral | MapLiteral | MessageLiteral | Comprehension;

/** The name of the accumulator that macros use: no text can name it. */
export const accumulatorName = "@result";

export const literal = (value: CelValue, at: number): Literal => ({ kind: "literal", value, at });
export const ident = (name: string, at: number): Ident => ({ kind: "ident", name, at });
export const call = (name: string, args: readonly Expression[], at: number): Call => ({ kind: "call", name, target: undefined, args, at });
