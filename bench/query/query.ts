import { median, round } from "../measure/median.js";
import { residentMiB } from "../measure/process-usage.js";
import { writeResults } from "../measure/results.js";
import type { Contestant } from "./contestant.js";
import { type Load, load } from "./load.js";
import { startOurServer } from "./ours.js";
import { standInIsBuilt, startStandIn } from "./stand-in.js";

const connectionCounts = [1, 16, 64];
const runs = 3;
const warmUpSeconds = 3;
const runSeconds = 8;

/** Medians of the runs at one number of connections. */
type Figures = Load & { readonly requestsPerSecondOfRuns: readonly number[] };

/**
 * The small query at 1, 16 and 64 connections: requests a second, and CPU of the server's process for each. Both servers run the same
 * plugin binary on the same machine and take turns, because a machine's noise is larger than most differences.
 */
export async function benchQuery(): Promise<void> {
  if (!standInIsBuilt()) console.log("the stand-in is not built (bench/peers/grafana-aggregator/build.sh): figures of our own server only");
  const contestants = [await startOurServer(), ...(standInIsBuilt() ? [await startStandIn()] : [])];
  try {
    const cases = [];
    for (const connections of connectionCounts) cases.push({ connections, ...(await compare(contestants, connections)) });
    const residentAfterLoadMiB = Object.fromEntries(contestants.map(({ name, serverPid }) => [name, round(residentMiB(serverPid), 1)]));
    console.log("resident memory of the server after the load, MiB:", residentAfterLoadMiB);
    writeResults("query", { runs, runSeconds, cases, residentAfterLoadMiB });
  } finally {
    for (const contestant of contestants) await contestant.stop();
  }
}

async function compare(contestants: readonly Contestant[], connections: number): Promise<object> {
  const seen = new Map<Contestant, Load[]>(contestants.map((it) => [it, []]));
  for (const it of contestants) await load(it, connections, warmUpSeconds);
  for (let run = 0; run < runs; run += 1) {
    for (const [it, loads] of seen) loads.push(await load(it, connections, runSeconds));
  }
  const figures = new Map([...seen].map(([{ name }, loads]) => [name, summary(loads)]));
  const [ours, peer] = [...figures.values()];
  const ratios = ours === undefined || peer === undefined ? undefined : ratio(ours, peer);
  console.log(`\nsmall query, ${connections} connection${connections === 1 ? "" : "s"}, median of ${runs} runs of ${runSeconds} s`);
  console.table({ ...Object.fromEntries([...figures].map(([name, it]) => [name, printable(it)])), ...(ratios && { "ours / stand-in": ratios }) });
  return { ...Object.fromEntries(figures), ...(ratios && { ratios }) };
}

const middle = (loads: readonly Load[], figure: keyof Load, digits: number): number => round(median(loads.map((it) => it[figure])), digits);

function summary(loads: readonly Load[]): Figures {
  return {
    requestsPerSecond: middle(loads, "requestsPerSecond", 0),
    requestsPerSecondOfRuns: loads.map((it) => round(it.requestsPerSecond, 0)),
    p50Ms: middle(loads, "p50Ms", 2),
    p99Ms: middle(loads, "p99Ms", 2),
    serverCpuMs: middle(loads, "serverCpuMs", 3),
    pluginCpuMs: middle(loads, "pluginCpuMs", 3),
    otherCores: middle(loads, "otherCores", 2),
  };
}

const ratio = (ours: Figures, peer: Figures): Partial<Load> => ({
  requestsPerSecond: round(ours.requestsPerSecond / peer.requestsPerSecond, 2),
  p50Ms: round(ours.p50Ms / peer.p50Ms, 2),
  serverCpuMs: round(ours.serverCpuMs / peer.serverCpuMs, 2),
});

const printable = ({ requestsPerSecondOfRuns, ...rest }: Figures): object => ({ ...rest, "runs, requests/s": requestsPerSecondOfRuns.join(" ") });
