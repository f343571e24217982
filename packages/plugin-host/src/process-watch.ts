import type { Clock } from "@dataplane/meta";
import { GrpcCode, GrpcError } from "@dataplane/plugin-protocol";
import type { PluginProcess } from "./plugin-process.js";

const healthPeriodMs = 10_000;
const healthTimeoutMs = 5000;
const unhealthyAfter = 3;
const doubtMs = 1000;
/** A process that was killed is told of within this, after its connection broke. */
const exitGraceMs = 500;

/** Watches one running process: by its end, by its health check, and by what its callers see. */
export class ProcessWatch {
  readonly #process: PluginProcess;
  readonly #clock: Clock;
  readonly #over = new AbortController();
  readonly #signal: AbortSignal;
  #disconnected: (why: string) => void = () => undefined;
  #doubt: Promise<boolean> | undefined;

  constructor(options: { readonly process: PluginProcess; readonly clock: Clock; readonly signal: AbortSignal }) {
    this.#process = options.process;
    this.#clock = options.clock;
    this.#signal = AbortSignal.any([this.#over.signal, options.signal]);
  }

  /** Resolves with the reason when the process is no longer of use, or the signal aborts. */
  async untilOver(): Promise<string> {
    const disconnected = new Promise<string>((resolve) => {
      this.#disconnected = resolve;
    });
    try {
      return await Promise.race([this.#process.ended, disconnected, this.#untilUnhealthy()]);
    } finally {
      this.#over.abort();
    }
  }

  /** A call failed as Unavailable: the process may be gone, before the system has said so. */
  readonly suspect = (): void => {
    if (this.#signal.aborted) return;
    this.#doubt ??= this.#isConnected().finally(() => {
      this.#doubt = undefined;
    });
  };

  /** False when the process turned out to be gone. Waits while that is in doubt, which is a second and a half at most. */
  async isUsable(): Promise<boolean> {
    return !this.#signal.aborted && ((await this.#doubt) ?? true);
  }

  async #isConnected(): Promise<boolean> {
    try {
      await this.#process.isServing(this.#signal, doubtMs);
      return true;
    } catch (error) {
      // Slow or without the service is not gone.
      if (!(error instanceof GrpcError) || error.code !== GrpcCode.Unavailable) return !this.#signal.aborted;
    }
    await Promise.race([this.#process.ended, this.#clock.sleep(exitGraceMs, this.#signal).catch(() => undefined)]);
    this.#disconnected("the connection to the plugin is gone");
    return false;
  }

  async #untilUnhealthy(): Promise<string> {
    for (let failures = 0; failures < unhealthyAfter; ) {
      try {
        await this.#clock.sleep(healthPeriodMs, this.#signal);
      } catch {
        return "stopped";
      }
      failures = (await this.#isServing()) ? 0 : failures + 1;
    }
    return "the process does not answer its health check";
  }

  async #isServing(): Promise<boolean> {
    try {
      return await this.#process.isServing(this.#signal, healthTimeoutMs);
    } catch (error) {
      // Not every SDK has the service; such a process is watched by its end alone.
      return error instanceof GrpcError && error.code === GrpcCode.Unimplemented;
    }
  }
}
