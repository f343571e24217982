import { promDuration } from "./duration.js";
import { isVariable, namesMinimum, rateInterval } from "./step.js";

export interface IntervalVariables {
  readonly stepMs: number;
  readonly rangeMs: number;
  /** The query's own minimum step; may be empty or a variable. */
  readonly minStep: string;
  readonly scrapeInterval: string;
}

/** Replaces `$__interval`, `$__rate_interval`, `$__range` and their `_s`, `_ms` and `${…}` forms; other variables are left alone. */
export function interpolate(expr: string, variables: IntervalVariables): string {
  const seconds = Math.round(variables.rangeMs / 1000);
  const values: Readonly<Record<string, string>> = {
    __interval: promDuration(variables.stepMs),
    __interval_ms: String(variables.stepMs),
    __rate_interval: promDuration(rateIntervalOf(variables)),
    __rate_interval_ms: String(rateIntervalOf(variables)),
    __range: `${seconds}s`,
    __range_s: String(seconds),
    __range_ms: String(variables.rangeMs),
  };
  return expr.replace(
    /\$(?:\{(__\w+)\}|(__\w+))/g,
    (text, braced: string | undefined, bare: string | undefined) => values[braced ?? bare ?? ""] ?? text,
  );
}

function rateIntervalOf({ stepMs, minStep, scrapeInterval }: IntervalVariables): number {
  if (isVariable(minStep, "__rate_interval")) return stepMs;
  if (isVariable(minStep, "__interval")) return rateInterval(stepMs, promDuration(stepMs));
  return rateInterval(stepMs, namesMinimum(minStep) ? minStep : scrapeInterval);
}
