import { GrowingList } from "./accumulate.js";
import type { Budget } from "./cost/budget.js";
import { attempt, type Frame, type Planning, type Step } from "./step.js";
import { accumulatorName, type Comprehension } from "./syntax/expression.js";
import { CelError, noSuchOverload } from "./values/cel-error.js";
import { type CelValue, isList, isMap } from "./values/cel-value.js";
import { EntryMap } from "./values/collections.js";

interface Fold {
  readonly range: Step;
  readonly initial: Step;
  readonly condition: Step;
  readonly step: Step;
  readonly result: Step;
  readonly variable: number;
  readonly secondVariable: number | undefined;
  readonly accumulator: number;
  /** Errors of single items are kept, as a later item may decide the result. */
  readonly keepsErrors: boolean;
}

/** A macro's fold over a list or map. */
export function planComprehension(expression: Comprehension, planning: Planning): Step {
  const { taken, byName } = planning.slots;
  const accumulator = taken.count++;
  const variable = taken.count++;
  const secondVariable = expression.secondVariable === undefined ? undefined : taken.count++;
  const outer = new Map(byName).set(expression.accumulator, accumulator);
  const inner = new Map(outer).set(expression.variable, variable);
  if (expression.secondVariable !== undefined && secondVariable !== undefined) inner.set(expression.secondVariable, secondVariable);
  const within = (names: ReadonlyMap<string, number>): Planning => ({ ...planning, slots: { byName: names, taken } });
  const fold: Fold = {
    range: planning.plan(expression.range, planning),
    initial: planInitial(expression, planning),
    condition: planning.plan(expression.condition, within(inner)),
    step: planning.plan(expression.step, within(inner)),
    result: planning.plan(expression.result, within(outer)),
    variable,
    secondVariable,
    accumulator,
    keepsErrors: expression.condition.kind === "call" && expression.condition.name === "@not_strictly_false",
  };
  return (frame, budget) => runFold(fold, frame, budget);
}

function planInitial({ accumulator, initial }: Comprehension, planning: Planning): Step {
  if (accumulator === accumulatorName && initial.kind === "list") return () => new GrowingList();
  if (accumulator === accumulatorName && initial.kind === "map") return () => new EntryMap();
  return planning.plan(initial, planning);
}

function runFold(fold: Fold, frame: Frame, budget: Budget): CelValue {
  const range = fold.range(frame, budget);
  frame[fold.accumulator] = fold.initial(frame, budget);
  for (const [first, second] of pairs(range, fold.secondVariable !== undefined)) {
    frame[fold.variable] = first;
    if (fold.secondVariable !== undefined) frame[fold.secondVariable] = second;
    budget.charge(1);
    if (fold.condition(frame, budget) !== true) break;
    frame[fold.accumulator] = fold.keepsErrors ? attempt(fold.step, frame, budget) : fold.step(frame, budget);
  }
  const end = frame[fold.accumulator];
  if (end instanceof CelError) throw end;
  return fold.result(frame, budget);
}

function* pairs(range: CelValue, isTwo: boolean): Generator<readonly [CelValue, CelValue]> {
  if (isList(range)) {
    for (let i = 0; i < range.size; i++) yield isTwo ? [BigInt(i), range.at(i)] : [range.at(i), null];
  } else if (isMap(range)) {
    for (const key of range.keys()) yield [key, isTwo ? (range.get(key) ?? null) : null];
  } else throw noSuchOverload();
}
