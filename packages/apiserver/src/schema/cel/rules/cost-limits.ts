import type { RuleProblem } from "../validation-rules.js";

/** The most that one rule may be estimated to cost in one object. Kubernetes' StaticEstimatedCostLimit. */
export const mostPerRule = 10_000_000;
/** The most for all rules of a schema together. Kubernetes' StaticEstimatedCRDCostLimit. */
export const mostPerSchema = 100_000_000;

/** The dearest rules, as many as Kubernetes names. */
const mostNamed = 4;

/** Adds up what the rules of a schema cost. */
export class TotalCost {
  readonly #costs: { readonly field: string; readonly cost: number }[] = [];

  add(field: string, cost: number): void {
    this.#costs.push({ field, cost });
  }

  problems(limit: number): readonly RuleProblem[] {
    const total = this.#costs.reduce((sum, { cost }) => sum + cost, 0);
    if (total <= limit) return [];
    const dearest = [...this.#costs].sort((a, b) => b.cost - a.cost).slice(0, mostNamed);
    const named = dearest.map(({ field }) =>
      forbidden(field, "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"),
    );
    return [...named, ...costProblem("", "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema", total, limit)];
  }
}

const forbidden = (field: string, why: string): RuleProblem => ({ field, reason: "FieldValueForbidden", message: `Forbidden: ${why}` });

/** What is said of a cost above its limit; nothing when it is not. */
export function costProblem(field: string, name: string, cost: number, limit: number): readonly RuleProblem[] {
  if (cost <= limit) return [];
  const wish = "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)";
  return [forbidden(field, `${name} exceeds budget by factor of ${factorOf(cost / limit)} ${wish}`)];
}

function factorOf(factor: number): string {
  if (factor > 100) return "more than 100x";
  return factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`;
}
