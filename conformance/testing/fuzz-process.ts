import { type ChildProcess, fork } from "node:child_process";
import path from "node:path";
import type { FuzzBlock, FuzzBlockReport } from "./fuzz-worker.js";

/** A block takes well under a second, on a machine that has time; what takes this long hangs. */
const defaultTimeMs = 30_000;

/** A process that fuzz runs in, so that a crash, a hang or memory there is seen here; another takes its place after one. */
export class FuzzProcess {
  #child: ChildProcess | undefined;
  #baseline: number | undefined;
  #peak = 0;
  readonly #mayTakeMs: number;

  /** What takes longer than `mayTakeMs` hangs; half a minute unless told. */
  constructor(mayTakeMs = defaultTimeMs) {
    this.#mayTakeMs = mayTakeMs;
  }

  /** The most by which the process grew after its warm-up, in bytes of its peak resident set. */
  get growthBytes(): number {
    return Math.max(0, this.#peak - (this.#baseline ?? this.#peak));
  }

  /** Runs a block; a crash and a hang are faults of its report. */
  async run(block: FuzzBlock): Promise<FuzzBlockReport> {
    const child = (this.#child ??= spawn());
    const report = await reportOf(child, block, this.#mayTakeMs);
    if (report.peakRssBytes === 0) this.stop();
    else this.#peak = Math.max(this.#peak, report.peakRssBytes);
    return report;
  }

  /** From here on growth counts: code is compiled, and the heap has its working size. */
  warm(): void {
    this.#baseline = this.#peak;
  }

  stop(): void {
    this.#child?.kill("SIGKILL");
    this.#child = undefined;
  }
}

/** The packages' sources, not what was built of them. */
const spawn = (): ChildProcess =>
  fork(path.join(import.meta.dirname, "fuzz-worker.ts"), {
    execArgv: ["--expose-gc", "--conditions=source", "--import", "tsx"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });

function reportOf(child: ChildProcess, block: FuzzBlock, mayTakeMs: number): Promise<FuzzBlockReport> {
  return new Promise((resolve) => {
    const settle = (report: FuzzBlockReport): void => {
      clearTimeout(timer);
      child.removeAllListeners("message").removeAllListeners("exit");
      resolve(report);
    };
    const fail = (what: string): void => settle({ outcomes: {}, peakRssBytes: 0, fault: `${what} (${block.rounds} rounds from seed ${block.seed})` });
    const timer = setTimeout(() => fail(`no report within ${mayTakeMs} ms`), mayTakeMs);
    child.once("message", (report: FuzzBlockReport) => settle(report));
    child.once("exit", (code, signal) => fail(`the process ended (${String(code ?? signal)})`));
    child.send(block);
  });
}
