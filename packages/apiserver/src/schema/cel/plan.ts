import { append, insert } from "./accumulate.js";
import type { Budget } from "./cost/budget.js";
import { callCost } from "./cost/call-cost.js";
import { type Overload, takes } from "./library/function-declaration.js";
import { optionalAt, valueAt } from "./library/operators.js";
import { planComprehension } from "./plan-comprehension.js";
import { attempt, type Frame, type Planning, type Slots, type Step } from "./step.js";
import { accumulatorName, type Call, type Expression, type ListLiteral, type MapLiteral, type Select } from "./syntax/expression.js";
import type { Checked } from "./types/checked.js";
import { CelError, noSuchOverload } from "./values/cel-error.js";
import { type CelValue, isMap, OptionalValue } from "./values/cel-value.js";
import { EntryMap, listOf } from "./values/collections.js";

/** An expression that can be run again and again with the values of its variables. */
export type Program = (values: ReadonlyMap<string, CelValue>, budget: Budget) => CelValue;

/** Turns a checked expression into functions: each node is looked at once, not at each run. */
export function planProgram(checked: Checked, variables: readonly string[]): Program {
  const slots: Slots = { byName: new Map(variables.map((name, index) => [name, index])), taken: { count: variables.length } };
  const step = planStep(checked.expression, { checked, slots, plan: planStep });
  return (values, budget) => {
    const frame: Frame = variables.map((name) => values.get(name));
    return step(frame, budget);
  };
}

function planStep(expression: Expression, planning: Planning): Step {
  const named = planning.checked.typeNames.get(expression);
  if (named !== undefined) return () => named;
  switch (expression.kind) {
    case "literal": {
      const { value } = expression;
      return () => value;
    }
    case "ident":
      return planVariable(expression.name, planning);
    case "select":
      return planSelect(expression, planning);
    case "call":
      return planCall(expression, planning);
    case "list":
      return planList(expression, planning);
    case "map":
      return planMap(expression, planning);
    case "comprehension":
      return planComprehension(expression, planning);
    case "message":
      return () => {
        throw new CelError(`unknown type '${expression.typeName}'`);
      };
  }
}

function planVariable(name: string, { slots }: Planning): Step {
  const slot = slots.byName.get(name);
  return (frame, budget) => {
    budget.charge(1);
    const value = slot === undefined ? undefined : frame[slot];
    if (value instanceof CelError) throw value;
    if (value === undefined) throw new CelError(`no such attribute(s): ${name}`);
    return value;
  };
}

function planSelect({ operand, field, isTest }: Select, planning: Planning): Step {
  const container = planStep(operand, planning);
  if (!isTest) {
    return (frame, budget) => {
      const value = container(frame, budget);
      budget.charge(1);
      return value instanceof OptionalValue ? optionalAt(value, field) : valueAt(value, field);
    };
  }
  return (frame, budget) => {
    const value = container(frame, budget);
    budget.charge(1);
    if (value instanceof OptionalValue) return optionalAt(value, field).value !== undefined;
    if (!isMap(value)) throw noSuchOverload();
    return value.get(field) !== undefined;
  };
}

const lazyCalls: Readonly<Record<string, (steps: readonly Step[]) => Step>> = {
  "_&&_": (steps) => planLogical(steps, false),
  "_||_": (steps) => planLogical(steps, true),
  "_?_:_": planConditional,
  "@not_strictly_false": planNotStrictlyFalse,
};

function planCall(expression: Call, planning: Planning): Step {
  if (expression.name === "_?._") {
    const [container, field] = expression.args.map((argument) => planStep(argument, planning));
    if (container === undefined || field === undefined) throw new Error("an optional selection has two arguments");
    return (frame, budget) => {
      budget.charge(1);
      return optionalAt(container(frame, budget), field(frame, budget));
    };
  }
  const { name, args, overloads } = planning.checked.calls.get(expression) ?? { name: expression.name, args: expression.args, overloads: [] };
  const accumulating = planAccumulation(name, args, planning);
  if (accumulating !== undefined) return accumulating;
  const steps = args.map((argument) => planStep(argument, planning));
  const lazy = lazyCalls[name];
  return lazy === undefined ? planEager(name, overloads, steps) : lazy(steps);
}

/** The accumulator of a macro is nobody else's: it grows in place, or collecting n items would cost n squared. */
function planAccumulation(name: string, args: readonly Expression[], planning: Planning): Step | undefined {
  const [first, ...rest] = args;
  if (first?.kind !== "ident" || first.name !== accumulatorName) return undefined;
  const accumulator = planStep(first, planning);
  if (name === "_+_" && rest[0]?.kind === "list" && rest[0].elements.length === 1) return append(accumulator, rest[0], planning);
  if (name !== "cel.@mapInsert") return undefined;
  return insert(
    accumulator,
    rest.map((argument) => planStep(argument, planning)),
  );
}

function planEager(name: string, overloads: readonly Overload[], steps: readonly Step[]): Step {
  return (frame, budget) => {
    const args = steps.map((step) => step(frame, budget));
    const overload = overloads.find((it) => takes(it, args));
    if (overload === undefined) throw noSuchOverload();
    // A call that is too dear in what it reads must not be made; what it gives is charged after.
    budget.charge(callCost(name, args, null));
    const result = overload.run(...args);
    budget.charge(Math.max(0, callCost(name, args, result) - callCost(name, args, null)));
    return result;
  };
}

/** `&&` and `||`: an operand that decides the result makes the error of the other one void. */
function planLogical([left, right]: readonly Step[], decisive: boolean): Step {
  if (left === undefined || right === undefined) throw new Error("a logical operator has two operands");
  return (frame, budget) => {
    budget.charge(1);
    const first = attempt(left, frame, budget);
    if (first === decisive) return decisive;
    const second = attempt(right, frame, budget);
    if (second === decisive) return decisive;
    for (const value of [first, second]) {
      if (value instanceof CelError) throw value;
      if (typeof value !== "boolean") throw noSuchOverload();
    }
    return !decisive;
  };
}

function planConditional([condition, then, otherwise]: readonly Step[]): Step {
  if (condition === undefined || then === undefined || otherwise === undefined) throw new Error("a conditional has three operands");
  return (frame, budget) => {
    budget.charge(1);
    const value = condition(frame, budget);
    if (typeof value !== "boolean") throw noSuchOverload();
    return (value ? then : otherwise)(frame, budget);
  };
}

function planNotStrictlyFalse([operand]: readonly Step[]): Step {
  if (operand === undefined) throw new Error("a test has an operand");
  return (frame, budget) => attempt(operand, frame, budget) !== false;
}

function planList({ elements }: ListLiteral, planning: Planning): Step {
  const steps = elements.map(({ value, isOptional }) => ({ step: planStep(value, planning), isOptional }));
  return (frame, budget) => {
    budget.charge(10);
    const items: CelValue[] = [];
    for (const { step, isOptional } of steps) {
      const value = present(step(frame, budget), isOptional);
      if (value !== undefined) items.push(value);
    }
    return listOf(items);
  };
}

function planMap({ entries }: MapLiteral, planning: Planning): Step {
  const steps = entries.map(({ key, value, isOptional }) => ({ key: planStep(key, planning), step: planStep(value, planning), isOptional }));
  return (frame, budget) => {
    budget.charge(30);
    const made = new EntryMap();
    for (const { key, step, isOptional } of steps) {
      const value = present(step(frame, budget), isOptional);
      if (value !== undefined) made.set(key(frame, budget), value);
    }
    return made;
  };
}

function present(value: CelValue, isOptional: boolean): CelValue | undefined {
  if (!isOptional) return value;
  if (value instanceof OptionalValue) return value.value;
  throw new CelError("cannot initialize optional entry from a value that is not optional");
}
