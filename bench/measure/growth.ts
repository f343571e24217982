import type { Finding } from "./finding.js";

/** A cost at a number of things. */
export interface Sized {
  readonly size: number;
  readonly value: number;
}

export interface Cost {
  readonly work: string;
  readonly figure: string;
  readonly unit: string;
}

const flatWithin = 1.25;
const linearWithin = 1.5;
/** For times of a start: what few cost is hidden behind what it waits for. */
export const linearBehindWaits = 2;
// Below so much of the smallest a difference is noise.
const noise = 0.1;

/** What does not depend on how many there are: at the most it costs nearly what it costs at the least. */
export function flat({ work, figure, unit }: Cost, costs: readonly Sized[]): readonly Finding[] {
  const [first, ...more] = costs;
  const last = more.at(-1);
  if (first === undefined || last === undefined) return [];
  const peer = { name: `at ${first.size.toLocaleString("en")}`, value: first.value };
  const title = `${work}: ${last.size.toLocaleString("en")}`;
  return [{ work: title, figure: `${figure}, ${unit}`, ours: last.value, peer, goal: { of: "ratio", bound: "at most", value: flatWithin } }];
}

/**
 * What grows with the number: one more costs in the last step nearly what it costs in the step before; were it quadratic, it would be ten
 * times as much. A step that costs less than a tenth of the smallest is taken for that, since it is noise.
 */
export function linear({ work, figure, unit }: Cost, costs: readonly Sized[], within = linearWithin): readonly Finding[] {
  const title = (size: number): string => `${work}: ${size.toLocaleString("en")}`;
  const values = costs.map(({ size, value }): Finding => ({ work: title(size), figure: `${figure}, ${unit}`, ours: value }));
  const [first, before, last] = [costs[0], costs.at(-2), costs.at(-1)];
  if (first === undefined || before === undefined || last === undefined || costs.length < 3) return values;
  const each = (to: Sized, from: Sized): number => Math.max(to.value - from.value, noise * first.value) / (to.size - from.size);
  const peer = { name: `up to ${before.size.toLocaleString("en")}`, value: each(before, first) };
  const ours = each(last, before);
  const judged: Finding = {
    ...{ work: title(last.size), figure: `${figure}, ${unit} for one more`, ours, peer },
    goal: { of: "ratio", bound: "at most", value: within },
  };
  return [...values, judged];
}
