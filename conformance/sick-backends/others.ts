import { call } from "../testing/call.js";

/** Reads of a list that has nothing to do with the sick server: each one's milliseconds. */
export async function readOthers(url: string, count: number): Promise<readonly number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) times.push(await milliseconds(`${url}/api/v1/namespaces/default/configmaps?limit=1`));
  return times;
}

export async function milliseconds(url: string): Promise<number> {
  const started = performance.now();
  const { status } = await call(url);
  if (status !== 200) throw new Error(`${url} answered ${status}`);
  return performance.now() - started;
}

/** What others felt in one round: as many reads while it was well, half of them before and half after, as while it was sick. */
export interface Others {
  readonly before: readonly number[];
  readonly sick: readonly number[];
  readonly after: readonly number[];
}

export interface OthersVerdict {
  /** 99th percentiles in milliseconds, as medians over the rounds. */
  readonly well: number;
  readonly sick: number;
  /** How much more the sick one is: 0.05 for 5 %. */
  readonly more: number;
  /** How far the two halves of the reads of well servers are apart, between which nothing but the machine differs. */
  readonly noise: number;
}

/** Judged by medians over the rounds, so that no single pause of the machine decides. */
export function othersVerdict(rounds: readonly Others[]): OthersVerdict {
  const p99Of = (reads: (round: Others) => readonly number[]): number => median(rounds.map((round) => percentile99(reads(round))));
  const [before, after] = [p99Of((it) => it.before), p99Of((it) => it.after)];
  const [well, sick] = [p99Of((it) => [...it.before, ...it.after]), p99Of((it) => it.sick)];
  return { well, sick, more: sick / well - 1, noise: Math.max(before, after) / Math.min(before, after) - 1 };
}

export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const percentile99 = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1] ?? 0;
