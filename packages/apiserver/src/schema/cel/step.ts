import type { Budget } from "./cost/budget.js";
import type { Expression } from "./syntax/expression.js";
import type { Checked } from "./types/checked.js";
import { CelError } from "./values/cel-error.js";
import type { CelValue } from "./values/cel-value.js";

/** The variables of one run, by slot; a slot may hold the error that its value is. */
export type Frame = (CelValue | CelError | undefined)[];

/** One part of an expression, ready to run. Throws CelError or CostExceeded. */
export type Step = (frame: Frame, budget: Budget) => CelValue;

/** Gives each name its slot while an expression is planned. */
export interface Slots {
  readonly byName: ReadonlyMap<string, number>;
  /** Of all scopes: the size of a frame so far. */
  readonly taken: { count: number };
}

export interface Planning {
  readonly checked: Checked;
  readonly slots: Slots;
  readonly plan: (expression: Expression, planning: Planning) => Step;
}

/** The value, or the error that it is. Throws CostExceeded. */
export function attempt(step: Step, frame: Frame, budget: Budget): CelValue | CelError {
  try {
    return step(frame, budget);
  } catch (error) {
    if (error instanceof CelError) return error;
    throw error;
  }
}
