import { atLeast, atMost, type Benchmark, type Finding, type Goal, type Plan } from "../measure/finding.js";
import { median, round } from "../measure/median.js";
import { residentMiB } from "../measure/process-usage.js";
import { writeResults } from "../measure/results.js";
import type { Contestant } from "./contestant.js";
import { type Load, load } from "./load.js";
import { startOurServer } from "./ours.js";
import { standInIsBuilt, startStandIn } from "./stand-in.js";

/** Goals as ratios to the stand-in's. */
const cases = [
  { connections: 1, rate: atLeast(1.5), cpu: atMost(0.35) },
  { connections: 16, rate: atLeast(2.2), cpu: atMost(0.35) },
  { connections: 64, rate: atLeast(2), cpu: atMost(0.35) },
] as const;
const warmUpSeconds = 3;

/** Medians of the runs at one number of connections. */
type Figures = Load & { readonly name: string; readonly requestsPerSecondOfRuns: readonly number[] };

/**
 * The small query at 1, 16 and 64 connections: requests a second, and CPU of the server's process for each. Both servers run the same
 * plugin binary on the same machine and take turns, because a machine's noise is larger than most differences.
 */
export const benchQuery: Benchmark = async (plan) => {
  if (!standInIsBuilt()) console.log("the stand-in is not built (bench/peers/grafana-aggregator/build.sh): figures of our own server only");
  const contestants = [await startOurServer(), ...(standInIsBuilt() ? [await startStandIn()] : [])];
  try {
    const findings: Finding[] = [];
    const compared = [];
    for (const { connections, ...goals } of cases) {
      const figures = await compare(contestants, connections, plan);
      console.log(`\nsmall query, ${connections} connection${connections === 1 ? "" : "s"}, median of ${plan.rounds} runs of ${plan.seconds} s`);
      console.table(Object.fromEntries(figures.map(({ name, ...it }) => [name, printable(it)])));
      compared.push({ connections, ...Object.fromEntries(figures.map(({ name, ...it }) => [name, it])) });
      findings.push(...findingsOf(connections, figures, goals));
    }
    const residentAfterLoadMiB = Object.fromEntries(contestants.map(({ name, serverPid }) => [name, round(residentMiB(serverPid), 1)]));
    console.log("resident memory of the server after the load, MiB:", residentAfterLoadMiB);
    writeResults("query", { rounds: plan.rounds, seconds: plan.seconds, cases: compared, residentAfterLoadMiB });
    return findings;
  } finally {
    for (const contestant of contestants) await contestant.stop();
  }
};

async function compare(contestants: readonly Contestant[], connections: number, { rounds, seconds, smoke }: Plan): Promise<readonly Figures[]> {
  const seen = new Map<Contestant, Load[]>(contestants.map((it) => [it, []]));
  for (const it of contestants) await load(it, connections, smoke ? 1 : warmUpSeconds);
  for (let turn = 0; turn < rounds; turn += 1) {
    for (const [it, loads] of seen) loads.push(await load(it, connections, seconds));
  }
  return [...seen].map(([{ name }, loads]) => ({ name, ...summary(loads) }));
}

const middle = (loads: readonly Load[], figure: keyof Load, digits: number): number => round(median(loads.map((it) => it[figure])), digits);

function summary(loads: readonly Load[]): Omit<Figures, "name"> {
  return {
    requestsPerSecond: middle(loads, "requestsPerSecond", 0),
    requestsPerSecondOfRuns: loads.map((it) => round(it.requestsPerSecond, 0)),
    p50Ms: middle(loads, "p50Ms", 2),
    p99Ms: middle(loads, "p99Ms", 2),
    serverCpuMs: middle(loads, "serverCpuMs", 4),
    pluginCpuMs: middle(loads, "pluginCpuMs", 4),
    otherCores: middle(loads, "otherCores", 2),
  };
}

function findingsOf(
  connections: number,
  [ours, peer]: readonly Figures[],
  { rate, cpu }: { readonly rate: Goal; readonly cpu: Goal },
): readonly Finding[] {
  if (ours === undefined) return [];
  const work = `small query, ${connections} connection${connections === 1 ? "" : "s"}`;
  const finding = (figure: string, key: keyof Load, goal?: Goal): Finding => ({
    ...{ work, figure, ours: ours[key] },
    ...(peer === undefined ? {} : { peer: { name: peer.name, value: peer[key] } }),
    ...(goal === undefined ? {} : { goal }),
  });
  return [
    finding("requests/s", "requestsPerSecond", rate),
    finding("CPU ms a request", "serverCpuMs", cpu),
    finding("p50 ms", "p50Ms"),
    finding("p99 ms", "p99Ms"),
  ];
}

const printable = ({ requestsPerSecondOfRuns, ...rest }: Omit<Figures, "name">): object => ({
  ...rest,
  "runs, requests/s": requestsPerSecondOfRuns.join(" "),
});
