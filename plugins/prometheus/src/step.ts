import { parseDuration } from "./duration.js";

/** Prometheus refuses a range query with more points a series than this. */
const maxPoints = 11_000;

/** Points of a graph when the query does not say how many it has room for. */
const defaultMaxDataPoints = 1500;

/** Scrape interval when neither the query nor the data source says one. */
export const defaultScrapeInterval = "15s";

/** Steps that divide hours and days well, in milliseconds, each with the exclusive upper bound of what is rounded to it. */
const roundSteps: readonly (readonly [bound: number, step: number])[] = [
  [10, 1],
  [15, 10],
  [35, 20],
  [75, 50],
  [150, 100],
  [350, 200],
  [750, 500],
  [1500, 1000],
  [3500, 2000],
  [7500, 5000],
  [12_500, 10_000],
  [17_500, 15_000],
  [25_000, 20_000],
  [45_000, 30_000],
  [90_000, 60_000],
  [210_000, 120_000],
  [450_000, 300_000],
  [750_000, 600_000],
  [1_050_000, 900_000],
  [1_500_000, 1_200_000],
  [2_700_000, 1_800_000],
  [5_400_000, 3_600_000],
  [9_000_000, 7_200_000],
  [16_200_000, 10_800_000],
  [32_400_000, 21_600_000],
  [86_400_000, 43_200_000],
  [604_800_000, 86_400_000],
  [1_814_400_000, 604_800_000],
  [3_628_800_000, 2_592_000_000],
];
const longestStep = 31_536_000_000;

const rounded = (interval: number) => roundSteps.find(([bound]) => interval < bound)?.[1] ?? longestStep;
const roundedUp = (interval: number) => roundSteps.find(([, step]) => step >= interval)?.[1] ?? Math.max(longestStep, Math.ceil(interval));

/** What decides the step of a query. Times in milliseconds. */
export interface StepInput {
  readonly rangeMs: number;
  readonly maxDataPoints: number;
  /** The query's own minimum, such as `30s` or `$__interval`; may be empty. */
  readonly minStep: string;
  /** From the dashboard; counts when the query has no minimum of its own. 0 when unknown. */
  readonly intervalMs: number;
  readonly intervalFactor: number;
  /** The data source's scrape interval. */
  readonly scrapeInterval: string;
}

/** Whether a text is the variable `name`, as `$name` or `${name}`. */
export const isVariable = (text: string, name: string) => text === `$${name}` || text === `\${${name}}`;

/** Whether a query's `interval` is a minimum of its own: no variable, and not "0s", which some clients send for none. */
export function namesMinimum(minStep: string): boolean {
  return minStep !== "" && minStep !== "0s" && !isVariable(minStep, "__interval") && !isVariable(minStep, "__rate_interval");
}

/** The step of a query, in milliseconds: never finer than its minimum, never more points than Prometheus answers. Throws BadRequestError. */
export function calculateStep(input: StepInput): number {
  const { rangeMs, maxDataPoints, minStep, intervalFactor, scrapeInterval } = input;
  const wanted = rangeMs / (maxDataPoints > 0 ? maxDataPoints : defaultMaxDataPoints);
  const least = leastStep(input);
  const calculated = wanted < least ? least : rounded(wanted);
  // One less: a range has a point at both of its ends.
  const safe = roundedUp(rangeMs / (maxPoints - 1));
  const step = Math.max(calculated, rangeMs / calculated > maxPoints - 1 ? safe : 0);
  if (isVariable(minStep, "__rate_interval")) return rateInterval(step, scrapeInterval);
  return Math.max(1, Math.round(step * (intervalFactor > 0 ? intervalFactor : 1)));
}

function leastStep({ minStep, intervalMs, scrapeInterval }: StepInput): number {
  if (namesMinimum(minStep)) return parseDuration(minStep, "interval");
  return intervalMs > 0 ? intervalMs : parseDuration(scrapeInterval, "scrape interval");
}

/** `$__rate_interval`: wide enough for four samples (https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/). */
export function rateInterval(stepMs: number, scrapeInterval: string): number {
  const scrape = parseDuration(scrapeInterval, "scrape interval");
  return Math.max(stepMs + scrape, 4 * scrape);
}

/** A time moved down to a multiple of the step in the user's own time zone, so that steps of a day begin at midnight there. */
export function alignToStep(timeMs: number, stepMs: number, utcOffsetSec: number): number {
  const offset = utcOffsetSec * 1000;
  return Math.floor((timeMs + offset) / stepMs) * stepMs - offset;
}
