import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { temporaryFolder } from "../../conformance/testing/start-server.js";
import { hasKube } from "../apiserver/contestant.js";
import { load } from "../apiserver/load.js";
import { atMost, type Finding, type Goal, noMoreThan, type Plan } from "../measure/finding.js";
import { median, round } from "../measure/median.js";
import { machineCpuSeconds, residentMiB } from "../measure/process-usage.js";
import { writeResults } from "../measure/results.js";
import { kube, ours, type Program, pidsOf } from "./contestants.js";

const restMs = 10_000;
const bytesOfMiB = 2 ** 20;

/** What is in the store when a program starts. */
const data = ["fresh data", "existing data", "objects stored"] as const;
type Data = (typeof data)[number];

interface Start {
  readonly readyMs: number;
  /** Of all its processes, the store's too, when it has rested: MB of 1,000,000 bytes. */
  readonly residentMb: number;
  /** Cores that were busy with anything in that rest, the program too: whether the figures may be believed. */
  readonly busyCores: number;
}

type Starts = Readonly<Record<Data, Start[]>>;

/** Time to /readyz and memory at rest: on fresh data, on those of that first start, and with many objects stored. */
export async function benchStart(plan: Plan): Promise<readonly Finding[]> {
  const objects = plan.smoke ? 200 : 10_000;
  const rest = plan.smoke ? 0 : restMs;
  if (!hasKube()) console.log("kube-apiserver and etcd are not built (bench/peers/kube/build.sh): figures of our own server only");
  const programs = hasKube() ? [ours, kube] : [ours];
  const folders = new Map<Program, string>();
  try {
    // What a first start after a change does (install, build, compile) is not what is measured, and happens here.
    for (const program of programs) folders.set(program, await filled(program, objects));
    const seen = new Map<Program, Starts>(programs.map((it) => [it, { "fresh data": [], "existing data": [], "objects stored": [] }]));
    for (let turn = 0; turn < plan.rounds; turn += 1) {
      for (const [program, starts] of seen) await oneTurn(program, starts, { filledFolder: folders.get(program) ?? "", rest, isShort: plan.smoke });
    }
    const runs = Object.fromEntries([...seen].map(([{ name }, starts]) => [name, starts]));
    for (const [name, starts] of Object.entries(runs)) {
      console.log(`\n${name}, medians of ${String(plan.rounds)} starts`);
      console.table(Object.fromEntries(data.map((it) => [it, summary(starts[it])])));
    }
    writeResults("start", { rounds: plan.rounds, objects, runs });
    return findingsOf(seen, objects);
  } finally {
    for (const folder of folders.values()) rmSync(folder, { recursive: true, force: true });
  }
}

/** A folder with so many objects of 1 KB, which the generator of load writes; without it, of a first start. */
async function filled(program: Program, objects: number): Promise<string> {
  const folder = temporaryFolder("bench-filled");
  const contestant = await program.start(folder);
  try {
    if (hasKube()) await load(contestant, ["-phases", "list", "-n", String(objects), "-repeats", "1"]);
  } finally {
    await contestant.stop();
  }
  return folder;
}

interface Turn {
  readonly filledFolder: string;
  readonly rest: number;
  /** The folder was fresh when it was filled: that a start on fresh data works is shown. */
  readonly isShort: boolean;
}

async function oneTurn(program: Program, starts: Starts, { filledFolder, rest, isShort }: Turn): Promise<void> {
  if (!isShort) {
    const folder = temporaryFolder("bench");
    try {
      starts["fresh data"].push(await measureStart(program, folder, rest));
      starts["existing data"].push(await measureStart(program, folder, rest));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  // Only the generator of load fills it.
  if (hasKube() || isShort) starts["objects stored"].push(await measureStart(program, filledFolder, rest));
}

async function measureStart(program: Program, folder: string, rest: number): Promise<Start> {
  const contestant = await program.start(folder);
  try {
    const before = machineCpuSeconds();
    await sleep(rest);
    const busyCores = rest === 0 ? 0 : round((machineCpuSeconds() - before) / (rest / 1000), 2);
    const residentMb = pidsOf(contestant).reduce((sum, pid) => sum + (residentMiB(pid) * bytesOfMiB) / 1e6, 0);
    return { readyMs: round(contestant.readyMs, 0), residentMb: round(residentMb, 1), busyCores };
  } finally {
    await contestant.stop();
  }
}

function summary(starts: readonly Start[]): Partial<Start> {
  if (starts.length === 0) return {};
  const of = (figure: keyof Start): number => median(starts.map((it) => it[figure]));
  return { readyMs: of("readyMs"), residentMb: of("residentMb"), busyCores: of("busyCores") };
}

type Row = readonly [data: Data, figure: "readyMs" | "residentMb", goal: Goal];

const rows: readonly Row[] = [
  ["fresh data", "readyMs", noMoreThan(500)],
  ["existing data", "readyMs", noMoreThan(500)],
  ["objects stored", "readyMs", atMost(0.25)],
  ["fresh data", "residentMb", noMoreThan(90)],
  ["existing data", "residentMb", noMoreThan(90)],
  ["objects stored", "residentMb", atMost(0.25)],
];

function findingsOf(seen: ReadonlyMap<Program, Starts>, objects: number): readonly Finding[] {
  return rows.flatMap(([where, figure, goal]) => {
    const [mine, theirs] = [ours, kube].map((program) => summary(seen.get(program)?.[where] ?? [])[figure]);
    if (mine === undefined) return [];
    const named = where === "objects stored" ? `${objects.toLocaleString("en")} objects stored` : where;
    return [
      {
        work: figure === "readyMs" ? `start, ${named}` : `memory at rest, ${named}`,
        figure: figure === "readyMs" ? "ms to readyz" : "MB with the store",
        ours: mine,
        ...(theirs === undefined ? {} : { peer: { name: "kube-apiserver + etcd", value: theirs } }),
        goal,
      },
    ];
  });
}
