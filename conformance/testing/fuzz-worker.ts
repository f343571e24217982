// One process of a fuzz campaign: takes blocks of rounds from its parent, and tells how each went. What crashes or hangs here is seen there.
import { fuzzTargets } from "./fuzz-targets.js";

/** What the parent sends. */
export interface FuzzBlock {
  readonly target: string;
  readonly rounds: number;
  readonly seed: number;
}

/** What it gets back, once for each block. */
export interface FuzzBlockReport {
  readonly outcomes: Readonly<Record<string, number>>;
  readonly fault?: string;
  /** The most that the process ever had in RAM. */
  readonly peakRssBytes: number;
}

async function runBlock({ target, rounds, seed }: FuzzBlock): Promise<FuzzBlockReport> {
  const outcomes = new Map<string, number>();
  const seen = (outcome: string): void => void outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  let fault: string | undefined;
  try {
    const found = fuzzTargets.find(({ name }) => name === target);
    if (found === undefined) throw new Error(`no target ${target}`);
    await found.run(rounds, seed, seen);
  } catch (error) {
    const { message, cause } = error instanceof Error ? error : new Error(String(error));
    fault = `${message} ${String(cause)}`;
  }
  // The rounds' own garbage is no memory that an answer costs.
  globalThis.gc?.();
  const peakRssBytes = process.resourceUsage().maxRSS * 1024;
  return { outcomes: Object.fromEntries(outcomes), peakRssBytes, ...(fault === undefined ? {} : { fault }) };
}

// A promise that nobody waits for is a fault too: Node ends the process then.
process.on("message", (block: FuzzBlock) => void runBlock(block).then((report) => process.send?.(report)));
