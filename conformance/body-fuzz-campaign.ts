// Sends an API server in a process of its own millions of broken requests (bodies in JSON, YAML and protobuf, patches of all types,
// selectors, paths, schemas of definitions, rules in CEL) and looks whether any is answered by 500 or not by a Status, crashes it, holds it
// for a second, changes a prototype that all share or takes memory. A seed gives the same requests again. Ten million by hand, ten thousand
// in the tests:
//
//   npx tsx conformance/body-fuzz-campaign.ts [ROUNDS] [SEED]
import path from "node:path";
import { pathToFileURL } from "node:url";
import { FuzzProcess } from "./testing/fuzz-process.js";

export interface BodyFuzzReport {
  readonly rounds: number;
  readonly seed: number;
  /** How many requests of each kind had which status. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** The most by which a process grew after its first blocks, in bytes of its peak resident set. */
  readonly growthBytes: number;
  readonly faults: readonly string[];
}

/** Each block has a server of its own. */
const blockRounds = 1_000;
const warmBlocks = 20;
/** A request that holds the process for a second is found there; this is for one that never ends. */
const blockMayTakeMs = 180_000;
/** What the largest bodies take while they are read is part of it. */
const mostGrowthBytes = 192 << 20;

/** Runs that many rounds; `told` gets the faults as they come, and a line now and then. */
export async function runBodyFuzz(rounds: number, seed: number, told: (line: string) => void = () => undefined): Promise<BodyFuzzReport> {
  const outcomes = new Map<string, number>();
  const faults: string[] = [];
  const process = new FuzzProcess(blockMayTakeMs);
  let done = 0;
  try {
    while (done < rounds) {
      const block = done / blockRounds;
      const own = Math.min(blockRounds, rounds - done);
      const report = await process.run({ target: "API requests", rounds: own, seed: seed + block });
      for (const [outcome, count] of Object.entries(report.outcomes)) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + count);
      if (report.fault !== undefined) {
        faults.push(report.fault);
        told(`FAULT ${report.fault}`);
      }
      done += own;
      if (block < warmBlocks) process.warm();
      if (block % 100 === 99) told(`${done} rounds, ${faults.length} faults, grew by ${mebibytes(process.growthBytes)}`);
    }
    const { growthBytes } = process;
    if (growthBytes > mostGrowthBytes) faults.push(`the process grew by ${mebibytes(growthBytes)}`);
    return { rounds: done, seed, outcomes, growthBytes, faults };
  } finally {
    process.stop();
  }
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;

function print({ rounds, seed, outcomes, growthBytes, faults }: BodyFuzzReport): void {
  const byStatus = new Map<string, number>();
  for (const [outcome, count] of outcomes) {
    const status = outcome.slice(-3);
    byStatus.set(status, (byStatus.get(status) ?? 0) + count);
  }
  for (const [outcome, count] of [...outcomes].sort(([a], [b]) => (a < b ? -1 : 1))) console.log(`${String(count).padStart(9)} × ${outcome}`);
  console.log(
    [...byStatus]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([status, count]) => `${status}: ${count}`)
      .join(", "),
  );
  console.log(`${rounds} rounds from seed ${seed}, peak growth ${mebibytes(growthBytes)}, ${faults.length} faults`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href) {
  print(await runBodyFuzz(Number(process.argv[2] ?? 10_000_000), Number(process.argv[3] ?? 1), (line) => console.log(line.slice(0, 5_000))));
}
