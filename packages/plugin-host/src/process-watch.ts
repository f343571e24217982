import { type Clock, LinkedAbort } from "@dataplane/meta";
import { GrpcCode, GrpcError } from "@dataplane/plugin-protocol";
import type { PluginProcess } from "./plugin-process.js";
import { newestPid } from "./plugin-processes.js";
import { residentMemory, sharedMemory } from "./resident-memory.js";

const healthPeriodMs = 10_000;
const healthTimeoutMs = 5000;
const unhealthyAfter = 3;
const doubtMs = 1000;
/** A process that was killed is told of within this, after its connection broke. */
const exitGraceMs = 500;
/** More than any plugin needs; a fork bomb gets there in a fraction of a second. */
const mostProcesses = 256;
/** A process that allocates as fast as it can takes some hundred MB in this time. */
const memoryPeriodMs = 250;
const forkPeriodMs = 250;

/** Why a process is of no more use, in one word for a condition and in a sentence. */
export interface ProcessEnd {
  readonly reason: "Crashed" | "HealthCheckFailed" | "OOM" | "TooManyProcesses" | "Stopping";
  readonly message: string;
}

/** Watches one running process: by its end, by its health check, by its memory, and by what its callers see. */
export class ProcessWatch {
  readonly #process: PluginProcess;
  readonly #clock: Clock;
  readonly #over: LinkedAbort;
  readonly #memoryLimitBytes: number | undefined;
  #disconnected: (why: string) => void = () => undefined;
  #doubt: Promise<boolean> | undefined;
  /** The processes of the plugin, as they were when one was last begun anywhere. */
  #family: readonly number[] = [];

  constructor(options: {
    readonly process: PluginProcess;
    readonly clock: Clock;
    readonly signal: AbortSignal;
    readonly memoryLimitBytes?: number | undefined;
  }) {
    this.#process = options.process;
    this.#clock = options.clock;
    this.#memoryLimitBytes = options.memoryLimitBytes;
    this.#over = new LinkedAbort(options.signal);
  }

  /** Resolves with the reason when the process is no longer of use, or a signal or `release` ends the watch. */
  async untilOver(): Promise<ProcessEnd> {
    const disconnected = new Promise<string>((resolve) => {
      this.#disconnected = resolve;
    });
    const gone = Promise.race([this.#process.ended, disconnected]).then((message): ProcessEnd => ({ reason: "Crashed", message }));
    try {
      return await Promise.race([gone, this.#untilUnhealthy(), this.#untilTooLarge(), this.#untilTooMany()]);
    } finally {
      this.#over.abort();
    }
  }

  /** Ends the watch; what the process does from now on is no news. */
  release(): void {
    this.#over.abort();
  }

  /** A call failed as Unavailable: the process may be gone, before the system has said so. */
  readonly suspect = (): void => {
    if (this.#over.signal.aborted) return;
    this.#doubt ??= this.#isConnected().finally(() => {
      this.#doubt = undefined;
    });
  };

  /** False when the process turned out to be gone. Waits while that is in doubt, which is a second and a half at most. */
  isUsable(): boolean | Promise<boolean> {
    return !this.#over.signal.aborted && (this.#doubt ?? true);
  }

  async #isConnected(): Promise<boolean> {
    try {
      await this.#process.isServing(this.#over.signal, doubtMs);
      return true;
    } catch (error) {
      // Slow or without the service is not gone.
      if (!(error instanceof GrpcError) || error.code !== GrpcCode.Unavailable) return !this.#over.signal.aborted;
    }
    await Promise.race([this.#process.ended, this.#clock.sleep(exitGraceMs, this.#over.signal).catch(() => undefined)]);
    this.#disconnected("the connection to the plugin is gone");
    return false;
  }

  async #untilUnhealthy(): Promise<ProcessEnd> {
    for (let failures = 0; failures < unhealthyAfter; ) {
      if (!(await this.#pause(healthPeriodMs))) return stopped;
      failures = (await this.#isServing()) ? 0 : failures + 1;
    }
    return { reason: "HealthCheckFailed", message: "the process does not answer its health check" };
  }

  async #untilTooLarge(): Promise<ProcessEnd> {
    const { pid, isAttached } = this.#process;
    const limit = this.#memoryLimitBytes;
    if (pid === undefined || limit === undefined || isAttached) return new Promise(() => undefined);
    for (;;) {
      const bytes = Math.max(residentMemory(pid) ?? 0, this.#memoryOfFamily(limit));
      if (bytes > limit) {
        // What asks for memory this way is not asked to end: it would take more until it has.
        this.#process.kill();
        return { reason: "OOM", message: `it held ${mebibytes(bytes)} MiB of memory, over the limit of ${mebibytes(limit)} MiB` };
      }
      if (!(await this.#pause(memoryPeriodMs))) return stopped;
    }
  }

  /** Of the process and those it started; 0 when it is alone. Only what might be over the limit is measured with care. */
  #memoryOfFamily(limit: number): number {
    if (this.#family.length < 2) return 0;
    const atMost = this.#family.reduce((sum, pid) => sum + (residentMemory(pid) ?? 0), 0);
    return atMost > limit ? sharedMemory(this.#family) : 0;
  }

  async #untilTooMany(): Promise<ProcessEnd> {
    if (this.#process.isAttached) return new Promise(() => undefined);
    for (let last = newestPid(); ; ) {
      if (!(await this.#pause(forkPeriodMs))) return stopped;
      const newest = newestPid();
      // Where nobody forked there is nothing to count.
      if (newest === undefined || newest === last) continue;
      last = newest;
      this.#family = this.#process.processes();
      const count = this.#family.length;
      if (count <= mostProcesses) continue;
      this.#process.kill();
      return { reason: "TooManyProcesses", message: `it ran ${count} processes, over the limit of ${mostProcesses}` };
    }
  }

  /** False when the watch ended meanwhile. */
  async #pause(ms: number): Promise<boolean> {
    try {
      await this.#clock.sleep(ms, this.#over.signal);
      return true;
    } catch {
      return false;
    }
  }

  async #isServing(): Promise<boolean> {
    try {
      return await this.#process.isServing(this.#over.signal, healthTimeoutMs);
    } catch (error) {
      // Not every SDK has the service; such a process is watched by its end alone.
      return error instanceof GrpcError && error.code === GrpcCode.Unimplemented;
    }
  }
}

const stopped: ProcessEnd = { reason: "Stopping", message: "stopped" };
const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20);
