/** What a run is asked to do. A smoke run shows that every benchmark works and judges nothing. */
export interface Plan {
  /** How often each contestant has its turn. Medians are of so many runs. */
  readonly rounds: number;
  /** Seconds of one run under load. */
  readonly seconds: number;
  readonly smoke: boolean;
}

/** The goal of a figure: a bound of its ratio to the peer's, or of our own figure where there is no peer. */
export interface Goal {
  readonly of: "ratio" | "ours";
  readonly bound: "at least" | "at most";
  readonly value: number;
}

/** One figure of a run, the median of its rounds. */
export interface Finding {
  /** What was done, as the table of goals names it: "small query, 16 connections". */
  readonly work: string;
  /** What was counted, with its unit: "requests/s", "CPU ms a request". */
  readonly figure: string;
  readonly ours: number;
  /** The other's figure in the same run, by turns; absent where there is none, or where its program is not built. */
  readonly peer?: { readonly name: string; readonly value: number };
  readonly goal?: Goal;
}

/** Measures, prints what it likes, writes bench/results/<name>.json, and tells its findings. */
export type Benchmark = (plan: Plan) => Promise<readonly Finding[]>;

export const ratioOf = ({ ours, peer }: Finding): number | undefined => (peer === undefined ? undefined : ours / peer.value);

/** Whether the goal holds; undefined where there is no goal. A ratio whose peer is missing was not shown, so it does not hold. */
export function holds(finding: Finding): boolean | undefined {
  const { goal, ours } = finding;
  if (goal === undefined) return undefined;
  const value = goal.of === "ours" ? ours : ratioOf(finding);
  if (value === undefined || !Number.isFinite(value)) return false;
  return goal.bound === "at least" ? value >= goal.value : value <= goal.value;
}

export const atLeast = (value: number): Goal => ({ of: "ratio", bound: "at least", value });
export const atMost = (value: number): Goal => ({ of: "ratio", bound: "at most", value });
/** Of a figure that is judged by itself. */
export const noMoreThan = (value: number): Goal => ({ of: "ours", bound: "at most", value });
export const noLessThan = (value: number): Goal => ({ of: "ours", bound: "at least", value });
