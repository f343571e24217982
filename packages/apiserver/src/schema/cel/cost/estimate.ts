import {
  accumulatorName,
  type Call,
  type Comprehension,
  type Expression,
  type ListLiteral,
  type MapLiteral,
  type Select,
} from "../syntax/expression.js";
import type { Checked } from "../types/checked.js";
import { type CelValue, isList } from "../values/cel-value.js";
import { estimateCall } from "./estimate-call.js";
import { type Shape, scalar, unknown } from "./shape.js";

export interface Estimate {
  /** In cel-go's units; Infinity is possible. */
  readonly cost: number;
  readonly shape: Shape;
}

type Shapes = ReadonlyMap<string, Shape>;

/** What an expression costs at most, given how large its variables can be (https://pkg.go.dev/github.com/google/cel-go/checker#Cost). */
export const estimateCost = (checked: Checked, variables: Shapes): number => estimate(checked.expression, { checked, shapes: variables }).cost;

interface Context {
  readonly checked: Checked;
  readonly shapes: Shapes;
}

function estimate(expression: Expression, context: Context): Estimate {
  if (context.checked.typeNames.has(expression)) return { cost: 1, shape: scalar };
  switch (expression.kind) {
    case "literal":
      return { cost: 0, shape: literalShape(expression.value) };
    case "ident":
      return { cost: 1, shape: context.shapes.get(expression.name) ?? unknown };
    case "select":
      return estimateSelect(expression, context);
    case "call":
      return estimateOfCall(expression, context);
    case "list":
      return estimateList(expression, context);
    case "map":
      return estimateMap(expression, context);
    case "comprehension":
      return estimateComprehension(expression, context);
    case "message":
      return { cost: 40, shape: unknown };
  }
}

function literalShape(value: CelValue): Shape {
  if (typeof value === "string") return { size: Buffer.byteLength(value) };
  if (value instanceof Uint8Array) return { size: value.length };
  return value !== null && typeof value === "object" && isList(value) ? { size: value.size } : scalar;
}

function estimateSelect({ operand, field, isTest }: Select, context: Context): Estimate {
  const { cost, shape } = estimate(operand, context);
  if (isTest) return { cost: cost + 1, shape: scalar };
  return { cost: cost + 1, shape: shape.field?.(field) ?? shape.element?.() ?? unknown };
}

function estimateOfCall(expression: Call, context: Context): Estimate {
  const { name, args } = context.checked.calls.get(expression) ?? { name: expression.name, args: expression.args };
  const estimates = args.map((argument) => estimate(argument, context));
  const shapes = estimates.map(({ shape }) => shape);
  const costs = estimates.map(({ cost }) => cost);
  const sum = costs.reduce((a, b) => a + b, 0);
  if (name === "_?_:_") {
    const [condition = 0, then = 0, otherwise = 0] = costs;
    return { cost: condition + Math.max(then, otherwise), shape: larger(shapes[1] ?? scalar, shapes[2] ?? scalar) };
  }
  if (name === "_&&_" || name === "_||_") return { cost: sum, shape: scalar };
  const call = estimateCall(name, shapes);
  return { cost: sum + call.cost, shape: call.shape };
}

const larger = (a: Shape, b: Shape): Shape => (a.size >= b.size ? a : b);

function estimateList({ elements }: ListLiteral, context: Context): Estimate {
  const found = elements.map(({ value }) => estimate(value, context));
  const element = found.reduce<Shape | undefined>((largest, { shape }) => (largest === undefined ? shape : larger(largest, shape)), undefined);
  return { cost: found.reduce((sum, { cost }) => sum + cost, 10), shape: { size: elements.length, element: () => element ?? scalar } };
}

function estimateMap({ entries }: MapLiteral, context: Context): Estimate {
  const keys = entries.map(({ key }) => estimate(key, context));
  const values = entries.map(({ value }) => estimate(value, context));
  const element = values.reduce<Shape | undefined>((largest, { shape }) => (largest === undefined ? shape : larger(largest, shape)), undefined);
  return { cost: [...keys, ...values].reduce((sum, { cost }) => sum + cost, 30), shape: { size: entries.length, element: () => element ?? scalar } };
}

function estimateComprehension(fold: Comprehension, context: Context): Estimate {
  const range = estimate(fold.range, context);
  const initial = estimate(fold.initial, context);
  const rangeType = context.checked.types.get(fold.range);
  const item = range.shape.element?.() ?? unknown;
  const isMap = rangeType?.kind === "map";
  const first = isMap || fold.secondVariable !== undefined ? { ...unknown, size: isMap ? keySize : 1 } : item;
  const times = range.shape.size;
  const variables = new Map(context.shapes).set(fold.variable, first);
  if (fold.secondVariable !== undefined) variables.set(fold.secondVariable, item);
  const added = collectedItem(fold);
  const element = added === undefined ? undefined : estimate(added, { ...context, shapes: variables }).shape;
  const collected = element === undefined ? initial.shape : { size: times, element: () => element };
  const outer = new Map(context.shapes).set(fold.accumulator, collected);
  const inner = new Map(variables).set(fold.accumulator, collected);
  const condition = estimate(fold.condition, { ...context, shapes: inner });
  const step = estimate(fold.step, { ...context, shapes: inner });
  const result = estimate(fold.result, { ...context, shapes: outer });
  const loops = times === 0 ? 0 : times * (condition.cost + step.cost);
  return { cost: range.cost + initial.cost + loops + result.cost, shape: result.shape };
}

/** Keys of maps have no limit of their own. */
const keySize = 3 * 1024 * 1024;

/** What `map`, `filter` and their kin add to the accumulator at each step; undefined for other folds. */
function collectedItem({ accumulator, step }: Comprehension): Expression | undefined {
  if (accumulator !== accumulatorName || step.kind !== "call") return undefined;
  const adding = step.name === "_?_:_" ? step.args[1] : step;
  if (adding?.kind !== "call" || (adding.name !== "_+_" && adding.name !== "cel.@mapInsert")) return undefined;
  const added = adding.args.at(-1);
  return added?.kind === "list" ? added.elements[0]?.value : adding.name === "_+_" ? undefined : added;
}
