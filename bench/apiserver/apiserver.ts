import { setTimeout as sleep } from "node:timers/promises";
import { atLeast, atMost, type Finding, type Goal, noMoreThan, type Plan } from "../measure/finding.js";
import { median, round } from "../measure/median.js";
import { machineCpuSeconds } from "../measure/process-usage.js";
import { writeResults } from "../measure/results.js";
import { type Contestant, hasKube, openKube, openOurs } from "./contestant.js";
import { type Figures, hasLoad, load } from "./load.js";

/** Starting costs for seconds more than the server at rest does. */
const restMs = 10_000;

/** A figure that is compared. */
interface Row {
  readonly work: string;
  readonly figure: string;
  /** Where the generator of load says it. */
  readonly at: string;
  readonly goal?: Goal;
}

const requests = (work: string, phase: string, goals: { readonly rate?: Goal; readonly cpu?: Goal } = {}): readonly Row[] => [
  { work, figure: "per second", at: `${phase}/per_s`, ...(goals.rate === undefined ? {} : { goal: goals.rate }) },
  { work, figure: "CPU ms each", at: `${phase}/cpu_ms_per_op`, ...(goals.cpu === undefined ? {} : { goal: goals.cpu }) },
];

const list = (work: string, phase: string, goal?: Goal): readonly Row[] => [
  { work: `LIST of 10,000 objects of 1 KB: ${work}`, figure: "ms", at: `${phase}/ms`, ...(goal === undefined ? {} : { goal }) },
  { work: `LIST of 10,000 objects of 1 KB: ${work}`, figure: "CPU ms", at: `${phase}/cpu_ms_per_list` },
];

const watch = (watchers: string, goals: { readonly delay?: Goal; readonly cpu?: Goal } = {}): readonly Row[] => {
  const work = `watch, ${watchers} watchers`;
  const phase = `watch_${watchers.replace(",", "")}`;
  return [
    { work, figure: "CPU us an event", at: `${phase}/cpu_us_per_event`, ...(goals.cpu === undefined ? {} : { goal: goals.cpu }) },
    { work, figure: "delay p99, ms", at: `${phase}/p99_ms`, ...(goals.delay === undefined ? {} : { goal: goals.delay }) },
  ];
};

const memory = (work: string, phase: string, goal?: Goal): Row => ({
  ...{ work: `memory ${work}`, figure: "MB with the store", at: `${phase}/total_rss_mb` },
  ...(goal === undefined ? {} : { goal }),
});

const reads = { rate: atLeast(2), cpu: atMost(0.25) };
const writes = { rate: atLeast(2), cpu: atMost(0.35) };

const rows: readonly Row[] = [
  ...list("full", "list_full", atMost(0.1)),
  ...list("in pages of 500", "list_paged_500", atMost(0.1)),
  ...list("a tenth of them, by label", "list_label_10pct", atMost(0.1)),
  ...list("as Table", "list_table", atMost(0.2)),
  ...list("metadata only", "list_metadata_only", atMost(0.2)),
  ...list("full, gzip", "list_full_gzip"),
  ...list("as a watch's first events", "watchlist"),
  ...requests("GET, 1 reader", "get_1", reads),
  ...requests("GET, 16 readers", "get_16", reads),
  ...requests("create, 1 writer", "create_1"),
  ...requests("create, 16 writers", "create_16", writes),
  ...requests("update, 1 writer", "update_1"),
  ...requests("update, 16 writers", "update_16", writes),
  ...requests("merge patch, 16 writers", "merge_patch_16"),
  ...requests("apply, 16 writers", "apply_16", writes),
  ...requests("discovery, 16 readers", "discovery_16"),
  ...watch("100"),
  ...watch("1,000", { delay: atMost(0.5), cpu: atMost(0.35) }),
  memory("at rest", "memory_at_start", noMoreThan(90)),
  memory("with 10,000 objects", "memory_10000", atMost(0.25)),
  memory("after lists of them", "memory_after_lists"),
  memory("with 1,000 watchers", "memory_1000_watchers"),
  { work: "start on fresh data", figure: "ms to readyz", at: "start/ready_ms", goal: noMoreThan(500) },
];

const peerName = "kube-apiserver on etcd";

/** Creates, reads, writes, lists and watches beside kube-apiserver on etcd, in one run, by turns, each on fresh data. */
export async function benchApiServer(plan: Plan): Promise<readonly Finding[]> {
  if (!hasLoad()) {
    console.log("nothing measured: apiserver needs the generator of load (bench/peers/kube/build.sh builds it)");
    return [];
  }
  if (!hasKube()) console.log("left out: kube-apiserver and etcd are not built (bench/peers/kube/build.sh)");
  const ours: Figures[] = [];
  const theirs: Figures[] = [];
  const busy = machineCpuSeconds();
  const begun = performance.now();
  for (let turn = 0; turn < plan.rounds; turn += 1) {
    ours.push(await measured("ours", () => openOurs(), plan));
    if (hasKube()) theirs.push(await measured(peerName, () => openKube(), plan));
  }
  const busyCores = round((machineCpuSeconds() - busy) / ((performance.now() - begun) / 1000), 2);
  const findings = rows
    .map((row) => findingOf(row, ours, theirs))
    // A run in short leaves phases out.
    .filter(({ ours: value }) => !plan.smoke || Number.isFinite(value));
  writeResults("apiserver", { rounds: plan.rounds, seconds: plan.seconds, busyCores, findings });
  return findings;
}

async function measured(name: string, open: () => Promise<Contestant>, { seconds, smoke }: Plan): Promise<Figures> {
  const contestant = await open();
  try {
    await sleep(smoke ? 0 : restMs);
    console.log(`measuring ${name}`);
    const size = smoke ? ["-n", "500", "-watchers", "100", "-repeats", "2"] : [];
    const figures = await load(contestant, ["-procs", contestant.processes, "-secs", String(seconds), ...size]);
    return new Map([...figures, ["start/ready_ms", contestant.readyMs]]);
  } finally {
    await contestant.stop();
  }
}

function findingOf({ work, figure, at, goal }: Row, ours: readonly Figures[], theirs: readonly Figures[]): Finding {
  const peer = medianOf(at, theirs);
  return {
    ...{ work, figure, ours: medianOf(at, ours) ?? Number.NaN },
    ...(peer === undefined ? {} : { peer: { name: peerName, value: peer } }),
    ...(goal === undefined ? {} : { goal }),
  };
}

function medianOf(at: string, runs: readonly Figures[]): number | undefined {
  const values = runs.flatMap((run) => run.get(at) ?? []);
  return values.length === 0 ? undefined : round(median(values), 3);
}
