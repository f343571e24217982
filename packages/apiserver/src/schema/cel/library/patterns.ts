import { compilePattern, type RegularExpression } from "../../regular-expression.js";
import * as t from "../types/cel-type.js";
import { CelError } from "../values/cel-error.js";
import { listOf } from "../values/collections.js";
import { type FunctionTable, global, member, text, whole } from "./function-declaration.js";

function expression(pattern: string): RegularExpression {
  const compiled = compilePattern(pattern);
  if ("problem" in compiled) throw new CelError(compiled.problem);
  return compiled.expression;
}

const most = (limit: bigint): number => (limit < 0n ? Number.MAX_SAFE_INTEGER : Number(limit));

/** `matches`, and Kubernetes' `find` and `findAll`. */
export const patternFunctions: FunctionTable = {
  matches: [
    member([t.string, t.string], t.bool, (value, pattern) => expression(text(pattern)).isIn(text(value))),
    global([t.string, t.string], t.bool, (value, pattern) => expression(text(pattern)).isIn(text(value))),
  ],
  find: [member([t.string, t.string], t.string, (value, pattern) => expression(text(pattern)).first(text(value)) ?? "")],
  findAll: [
    member([t.string, t.string], t.list(t.string), (value, pattern) => listOf(expression(text(pattern)).all(text(value), most(-1n)))),
    member([t.string, t.string, t.int], t.list(t.string), (value, pattern, limit) =>
      listOf(expression(text(pattern)).all(text(value), most(whole(limit)))),
    ),
  ],
};
