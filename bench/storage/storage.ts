import { setTimeout as sleep } from "node:timers/promises";
import { type Figures, hasLoad, load } from "../apiserver/load.js";
import type { Finding, Plan } from "../measure/finding.js";
import { median, round } from "../measure/median.js";
import { machineCpuSeconds } from "../measure/process-usage.js";
import { writeResults } from "../measure/results.js";
import { type ContestantName, contestants } from "./contestants.js";

const restMs = 5000;
const reference: ContestantName = "kube-apiserver on etcd";

/** One on the server's own disk and one on a network: the others' engines are opened by tests. */
const inShort: readonly ContestantName[] = ["ours on SQLite", "ours on PostgreSQL"];

interface Figure {
  readonly work: string;
  readonly figure: string;
  /** Where the generator of load says it. */
  readonly at: string;
}

const figures: readonly Figure[] = [
  { work: "creates, 1 client", figure: "per second", at: "create_1/per_s" },
  { work: "creates, 16 clients", figure: "per second", at: "create_16/per_s" },
  { work: "updates, 1 client", figure: "per second", at: "update_1/per_s" },
  { work: "updates, 16 clients", figure: "per second", at: "update_16/per_s" },
  { work: "list of 5,000", figure: "ms", at: "list_full/ms" },
  { work: "list of 5,000 in pages of 500", figure: "ms", at: "list_paged_500/ms" },
  { work: "100 watchers", figure: "delay p50, ms", at: "watch_100/p50_ms" },
  { work: "100 watchers", figure: "delay p99, ms", at: "watch_100/p99_ms" },
];

/**
 * Each engine under our server beside kube-apiserver on etcd and on kine with SQLite, in one run, by turns, each on fresh data. It shows what
 * an engine costs and has no goals, so it takes shorter turns than others: six servers would be half an hour.
 */
export async function benchStorage(plan: Plan): Promise<readonly Finding[]> {
  if (!hasLoad()) {
    console.log("nothing measured: storage needs the generator of load (bench/peers/kube/build.sh builds it)");
    return [];
  }
  const rounds = Math.min(plan.rounds, 3);
  const seconds = Math.min(plan.seconds, 2);
  const seen = new Map<ContestantName, Figures[]>();
  const busy = machineCpuSeconds();
  const begun = performance.now();
  for (let turn = 0; turn < rounds; turn += 1) {
    for (const name of plan.smoke ? inShort : (Object.keys(contestants) as ContestantName[])) {
      const found = await measured(name, seconds, plan.smoke);
      if (found === undefined) console.log(`left out: ${name}: it is not installed`);
      else seen.set(name, [...(seen.get(name) ?? []), found]);
    }
  }
  const busyCores = round((machineCpuSeconds() - busy) / ((performance.now() - begun) / 1000), 2);
  const findings = figures
    .flatMap((figure) => [...seen.keys()].filter((name) => name !== reference).map((name) => findingOf(figure, name, seen)))
    // A run in short leaves phases out.
    .filter(({ ours }) => !plan.smoke || Number.isFinite(ours));
  writeResults("storage", { rounds, seconds, busyCores, reference, findings });
  return findings;
}

async function measured(name: ContestantName, seconds: number, smoke: boolean): Promise<Figures | undefined> {
  const contestant = await contestants[name]();
  if (contestant === undefined) return undefined;
  try {
    await sleep(smoke ? 0 : restMs);
    console.log(`measuring ${name}`);
    return await load(contestant, [
      "-phases",
      smoke ? "write,list,watch" : "write,read,list,watch",
      "-secs",
      String(seconds),
      "-n",
      smoke ? "500" : "5000",
      "-watchers",
      "100",
    ]);
  } finally {
    await contestant.stop();
  }
}

function findingOf({ work, figure, at }: Figure, name: ContestantName, seen: ReadonlyMap<ContestantName, readonly Figures[]>): Finding {
  const peer = medianOf(at, seen.get(reference));
  return {
    work: `${work}: ${name}`,
    figure,
    ours: medianOf(at, seen.get(name)) ?? Number.NaN,
    ...(peer === undefined ? {} : { peer: { name: reference, value: peer } }),
  };
}

function medianOf(at: string, runs: readonly Figures[] = []): number | undefined {
  const values = runs.flatMap((run) => run.get(at) ?? []);
  return values.length === 0 ? undefined : round(median(values), 3);
}
