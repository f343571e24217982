// Gives the host a million broken answers of plugins (frames, chunks, resources, messages, HTTP/2 frames), by the generators and claims of
// the packages' own tests, and looks whether any crashes it, hangs, ends untyped or takes memory. A seed gives the same rounds again. A
// million by hand, a few thousand in the tests:
//
//   npx tsx conformance/answer-fuzz-campaign.ts [ROUNDS] [SEED]
import path from "node:path";
import { pathToFileURL } from "node:url";
import { FuzzProcess } from "./testing/fuzz-process.js";

/** The rounds of one target of testing/fuzz-targets.ts. */
export interface TargetReport {
  readonly name: string;
  readonly rounds: number;
  /** How rounds ended; a round of several parts counts each. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** The most by which the process grew after a tenth of the rounds, in bytes of its peak resident set. */
  readonly growthBytes: number;
  /** Crashes, hangs, claims that did not hold, memory over the mark. */
  readonly faults: readonly string[];
}

export interface FuzzReport {
  readonly rounds: number;
  readonly seed: number;
  readonly targets: readonly TargetReport[];
}

/** Of a hundred rounds. */
const shares: Readonly<Record<string, number>> = {
  "query answers": 20,
  "chunked answers": 20,
  "resource streams": 10,
  "Arrow frames": 15,
  "JSON frames": 15,
  "protocol messages": 8,
  "link frames": 6,
  "header blocks": 4,
  "cut frames": 2,
};

/** What answers may cost the host, whatever they are. */
const mostGrowthBytes = 64 << 20;
const blockRounds = 1000;
const processesAtOnce = 2;

/** Runs at least that many rounds, each target in a process of its own. */
export async function runFuzzCampaign(rounds: number, seed: number): Promise<FuzzReport> {
  const waiting = Object.entries(shares);
  const targets: TargetReport[] = [];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [name, share] = next;
      targets.push(await runTarget(name, Math.ceil((rounds * share) / 100), seed));
    }
  };
  await Promise.all(Array.from({ length: processesAtOnce }, work));
  return { rounds: targets.reduce((sum, target) => sum + target.rounds, 0), seed, targets };
}

async function runTarget(name: string, rounds: number, seed: number): Promise<TargetReport> {
  const outcomes = new Map<string, number>();
  const faults: string[] = [];
  const process = new FuzzProcess();
  try {
    for (let done = 0; done < rounds; done += blockRounds) {
      const block = { target: name, rounds: Math.min(blockRounds, rounds - done), seed: seed + done };
      const report = await process.run(block);
      for (const [outcome, count] of Object.entries(report.outcomes)) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + count);
      if (report.fault !== undefined) faults.push(`${name}: ${report.fault}`);
      if (done < rounds / 10) process.warm();
    }
    const { growthBytes } = process;
    if (growthBytes > mostGrowthBytes) faults.push(`${name}: the process grew by ${growthBytes} bytes`);
    return { name, rounds, outcomes, growthBytes, faults };
  } finally {
    process.stop();
  }
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;

function print({ rounds, seed, targets }: FuzzReport): void {
  for (const { name, rounds: own, growthBytes, outcomes } of targets) {
    console.log(`${name}: ${own} rounds, grew by ${mebibytes(growthBytes)}`);
    for (const [outcome, count] of [...outcomes].sort(([, a], [, b]) => b - a)) console.log(`  ${count} × ${outcome}`);
  }
  const faults = targets.flatMap((target) => target.faults);
  const growth = Math.max(...targets.map(({ growthBytes }) => growthBytes));
  console.log(`${rounds} rounds from seed ${seed}, peak growth ${mebibytes(growth)}, ${faults.length} faults`);
  for (const fault of faults.slice(0, 20)) console.log(fault);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  print(await runFuzzCampaign(Number(process.argv[2] ?? 1_000_000), Number(process.argv[3] ?? 1)));
}
