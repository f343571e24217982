import { CostExceeded } from "../values/cel-error.js";

/** The most that one expression may cost while it runs, in cel-go's units. Kubernetes' PerCallLimit. */
export const mostPerExpression = 1_000_000;
/** The most that all rules together may cost in one write. Kubernetes' RuntimeCELCostBudget. */
export const mostPerWrite = 10_000_000;
/** All rules of one write share this: nothing else runs meanwhile. Milliseconds. */
export const longestPerWrite = 100;

/** A look at the clock costs more than most steps. */
const stepsPerLook = 2048;

/** Counts what an expression costs, and ends it. */
export class Budget {
  readonly #limit: number;
  readonly #deadline: number;
  readonly #now: () => number;
  #spent = 0;
  #nextLook = stepsPerLook;

  /** `deadline` is a time of `now`, in milliseconds. */
  constructor(limit: number, deadline: number, now: () => number) {
    this.#limit = limit;
    this.#deadline = deadline;
    this.#now = now;
  }

  get spent(): number {
    return this.#spent;
  }

  /** Throws CostExceeded. */
  charge(cost: number): void {
    this.#spent += cost;
    if (this.#spent > this.#limit) throw new CostExceeded();
    if (this.#spent < this.#nextLook) return;
    this.#nextLook = this.#spent + stepsPerLook;
    if (this.#now() > this.#deadline) throw new CostExceeded();
  }
}
