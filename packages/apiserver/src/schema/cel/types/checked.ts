import type { Overload } from "../library/function-declaration.js";
import type { Call, Expression } from "../syntax/expression.js";
import type { TypeValue } from "../values/cel-value.js";
import type { CelType } from "./cel-type.js";

/** A call with its receiver, if any, among its arguments, and the overloads that its types leave open. */
export interface ResolvedCall {
  readonly name: string;
  readonly args: readonly Expression[];
  readonly overloads: readonly Overload[];
}

/** An expression whose types are known. */
export interface Checked {
  readonly expression: Expression;
  readonly type: CelType;
  readonly types: ReadonlyMap<Expression, CelType>;
  readonly calls: ReadonlyMap<Call, ResolvedCall>;
  /** Names of types, such as `int` or `google.protobuf.Duration`. */
  readonly typeNames: ReadonlyMap<Expression, TypeValue>;
  /** The variables it reads. */
  readonly variables: ReadonlySet<string>;
}
