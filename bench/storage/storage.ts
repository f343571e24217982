import { hasKube } from "../apiserver/contestant.js";
import { type Figures, load } from "../apiserver/load.js";
import { median, round } from "../measure/median.js";
import { machineCpuSeconds } from "../measure/process-usage.js";
import { writeResults } from "../measure/results.js";
import { type ContestantName, contestants } from "./contestants.js";

/** Rounds by turns, each on fresh data: `BENCH_ROUNDS`; seconds of each phase: `BENCH_SECONDS`. */
const rounds = Number(process.env["BENCH_ROUNDS"] ?? 3);
const seconds = process.env["BENCH_SECONDS"] ?? "3";
const restMs = 5000;
const reference: ContestantName = "kube-apiserver on etcd";

const figures = {
  "creates a second, 1 client": "create_1/per_s",
  "creates a second, 16 clients": "create_16/per_s",
  "updates a second, 1 client": "update_1/per_s",
  "updates a second, 16 clients": "update_16/per_s",
  "list of 5,000, ms": "list_full/ms",
  "list of 5,000 in pages of 500, ms": "list_paged_500/ms",
  "watch delay p50, ms": "watch_100/p50_ms",
  "watch delay p99, ms": "watch_100/p99_ms",
} as const;

/** Each engine under our server beside kube-apiserver on etcd and on kine with SQLite, in one run, by turns. */
export async function benchStorage(): Promise<void> {
  if (!hasKube()) {
    console.log("skipped: storage: needs kube-apiserver and etcd (bench/peers/kube/build.sh builds them)");
    return;
  }
  const seen = new Map<ContestantName, Figures[]>();
  const busy = machineCpuSeconds();
  const begun = performance.now();
  for (let turn = 0; turn < rounds; turn += 1) {
    for (const name of Object.keys(contestants) as ContestantName[]) {
      const found = await measured(name);
      if (found === undefined) console.log(`skipped: ${name}: its database is not installed`);
      else seen.set(name, [...(seen.get(name) ?? []), found]);
    }
  }
  const busyCores = round((machineCpuSeconds() - busy) / ((performance.now() - begun) / 1000), 2);
  const table = [...seen].map(([name, runs]) => ({ name, ...row(runs, seen.get(reference) ?? []) }));
  console.log(`\nOur server by engine beside kube-apiserver, medians of ${String(rounds)} rounds; ratio is to ${reference}`);
  for (const figure of Object.keys(figures) as (keyof typeof figures)[]) {
    console.log(`\n${figure}`);
    console.table(Object.fromEntries(table.map(({ name, [figure]: found }) => [name, found])));
  }
  writeResults("storage", { rounds, seconds: Number(seconds), busyCores, reference, table });
}

async function measured(name: ContestantName): Promise<Figures | undefined> {
  const contestant = await contestants[name]();
  if (contestant === undefined) return undefined;
  try {
    await new Promise((resolve) => setTimeout(resolve, restMs));
    console.log(`measuring ${name}`);
    return await load(contestant, ["-phases", "write,read,list,watch", "-secs", seconds, "-n", "5000", "-watchers", "100"]);
  } finally {
    await contestant.stop();
  }
}

interface Found {
  readonly value: number;
  readonly ratio: number;
}

type Row = Readonly<Record<keyof typeof figures, Found>>;

function row(runs: readonly Figures[], references: readonly Figures[]): Row {
  const found = (figure: string): Found => {
    const value = medianOf(figure, runs);
    return { value: round(value, 2), ratio: round(value / medianOf(figure, references), 2) };
  };
  return Object.fromEntries(Object.entries(figures).map(([title, figure]) => [title, found(figure)])) as Row;
}

const medianOf = (figure: string, runs: readonly Figures[]): number => median(runs.map((run) => run.get(figure) ?? Number.NaN));
