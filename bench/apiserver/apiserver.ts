import { median, round } from "../measure/median.js";
import { writeResults } from "../measure/results.js";
import { type Contestant, hasKube, openKube, openOurs } from "./contestant.js";
import { type Figures, load } from "./load.js";

/** Rounds by turns, each on fresh data. `BENCH_ROUNDS` sets another number. */
const rounds = Number(process.env["BENCH_ROUNDS"] ?? 3);
const restMs = 10_000;

/** A figure that is compared: where it is, what it is called, and which way is better. */
interface Row {
  readonly name: string;
  readonly figure: string;
  readonly better: "more" | "less";
}

const rate = (phase: string): readonly Row[] => [
  { name: `${phase}: per second`, figure: `${phase}/per_s`, better: "more" },
  { name: `${phase}: CPU ms each`, figure: `${phase}/cpu_ms_per_op`, better: "less" },
];

const rows: readonly Row[] = [
  ...["create_1", "create_16", "get_1", "get_16", "update_1", "update_16", "merge_patch_16", "apply_16", "discovery_16"].flatMap(rate),
  ...["list_full", "list_full_gzip", "list_table", "list_metadata_only", "list_label_10pct", "list_paged_500", "watchlist"].map(
    (phase): Row => ({ name: `${phase}: ms`, figure: `${phase}/ms`, better: "less" }),
  ),
  ...["watch_100", "watch_1000"].flatMap((phase): readonly Row[] => [
    { name: `${phase}: delay p99 ms`, figure: `${phase}/p99_ms`, better: "less" },
    { name: `${phase}: CPU us an event`, figure: `${phase}/cpu_us_per_event`, better: "less" },
  ]),
  { name: "start to readyz: ms", figure: "start/ready_ms", better: "less" },
  ...["memory_at_start", "memory_10000", "memory_after_lists", "memory_1000_watchers"].map(
    (phase): Row => ({ name: `${phase}: MB with the store`, figure: `${phase}/total_rss_mb`, better: "less" }),
  ),
];

/** Creates, reads, writes, lists and watches beside kube-apiserver on etcd, in one run, by turns. */
export async function benchApiServer(): Promise<void> {
  if (!hasKube()) {
    console.log("skipped: apiserver: needs kube-apiserver and etcd (bench/peers/kube/build.sh builds them)");
    return;
  }
  const ours: Figures[] = [];
  const theirs: Figures[] = [];
  for (let round = 0; round < rounds; round += 1) {
    ours.push(await measured(() => openOurs()));
    theirs.push(await measured(() => openKube()));
  }
  const table = rows.flatMap((row) => compared(row, ours, theirs));
  console.log(`\nAPI server beside kube-apiserver on etcd, medians of ${String(rounds)} rounds; ratio is ours / theirs`);
  console.table(Object.fromEntries(table.map(({ name, ...figures }) => [name, figures])));
  writeResults("apiserver", { rounds, table });
}

async function measured(open: () => Promise<Contestant>): Promise<Figures> {
  const contestant = await open();
  try {
    await new Promise((resolve) => setTimeout(resolve, restMs));
    const figures = await load(contestant, ["-procs", contestant.processes, "-secs", "3"]);
    return new Map([...figures, ["start/ready_ms", contestant.readyMs]]);
  } finally {
    await contestant.stop();
  }
}

interface Compared {
  readonly name: string;
  readonly ours: number;
  readonly theirs: number;
  readonly ratio: number;
  readonly better: Row["better"];
}

function compared({ name, figure, better }: Row, ours: readonly Figures[], theirs: readonly Figures[]): readonly Compared[] {
  const [a, b] = [valuesOf(figure, ours), valuesOf(figure, theirs)];
  if (a.length === 0 || b.length === 0) return [];
  return [{ name, ours: round(median(a), 3), theirs: round(median(b), 3), ratio: round(median(a) / median(b), 2), better }];
}

const valuesOf = (figure: string, runs: readonly Figures[]): readonly number[] => runs.flatMap((run) => run.get(figure) ?? []);
