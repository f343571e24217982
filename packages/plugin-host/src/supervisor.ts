import type { Clock, Logger } from "@dataplane/meta";
import type { FoundPlugin } from "./find-plugins.js";
import { type Plugin, type PluginClient, type PluginState, PluginUnavailable } from "./plugin.js";
import { pluginClient } from "./plugin-client.js";
import { NoExecutable } from "./plugin-command.js";
import type { PluginJson } from "./plugin-json.js";
import type { PluginProcess } from "./plugin-process.js";
import { ProcessWatch } from "./process-watch.js";
import { failedAfter, healthyAfterMs, restartDelayMs } from "./restart-policy.js";

export interface SupervisorOptions {
  readonly plugin: FoundPlugin;
  /** `onSpawn` of the process is the caller's to arrange. */
  readonly startProcess: (signal: AbortSignal) => Promise<PluginProcess>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly startWaitMs: number;
  readonly onChange: () => void;
}

interface StateChange {
  readonly phase: PluginState["phase"];
  readonly reason: string;
  readonly message: string;
  readonly pid?: number;
  readonly note?: string | undefined;
}

/** Keeps one plugin's process running: starts it, watches it, starts it again, with longer and longer pauses when it does not stay. */
export class Supervisor implements Plugin {
  readonly id: string;
  readonly json: PluginJson;
  readonly directory: string;
  readonly signature: FoundPlugin["signature"];
  readonly #options: SupervisorOptions;
  readonly #stop = new AbortController();
  readonly #waiting = new Set<() => void>();
  #state: PluginState;
  #running: { readonly client: PluginClient; readonly watch: ProcessWatch } | undefined;
  #retryAt = 0;
  #starts = 0;
  #loop: Promise<void> = Promise.resolve();

  constructor(options: SupervisorOptions) {
    const { json, directory, signature } = options.plugin;
    this.id = json.id;
    this.json = json;
    this.directory = directory;
    this.signature = signature;
    this.#options = options;
    this.#state = this.#newState({ phase: "starting", reason: "Starting", message: "the plugin is starting" });
  }

  get state(): PluginState {
    return this.#state;
  }

  /** Does not wait. */
  start(): void {
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error("the server stops"));
    await this.#loop;
    this.#become({ phase: "stopped", reason: "Stopped", message: "the server stops" });
  }

  async client(signal: AbortSignal): Promise<PluginClient> {
    const until = this.#options.clock.now().getTime() + this.#options.startWaitMs;
    for (;;) {
      const running = this.#running;
      if (running !== undefined && (await running.watch.isUsable())) return running.client;
      const left = until - this.#options.clock.now().getTime();
      // A process that is found to be gone is about to be started again.
      if (left <= 0 || (this.#state.phase !== "starting" && this.#running === undefined)) throw this.#unavailable();
      await this.#changeWithin(left, signal);
    }
  }

  #unavailable(): PluginUnavailable {
    const { phase, reason, message } = this.#state;
    const wait = phase === "starting" ? 1000 : this.#retryAt - this.#options.clock.now().getTime();
    const retryAfterSeconds = phase === "stopped" ? 5 : Math.max(1, Math.ceil(wait / 1000));
    return new PluginUnavailable({ pluginId: this.id, reason, message: `plugin ${this.id} is not running: ${message}`, retryAfterSeconds });
  }

  /** Resolves at the next change of state, at the latest after `ms`. Rejects when the signal aborts. */
  async #changeWithin(ms: number, signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    const wake = (): void => done.abort();
    this.#waiting.add(wake);
    try {
      await this.#options.clock.sleep(ms, AbortSignal.any([signal, done.signal]));
    } catch (error) {
      if (signal.aborted) throw error;
    } finally {
      this.#waiting.delete(wake);
    }
  }

  async #run(): Promise<void> {
    let ends = 0;
    while (!this.#isStopping()) {
      const { ranMs, why } = await this.#once();
      if (this.#isStopping()) return;
      ends = ranMs >= healthyAfterMs ? 1 : ends + 1;
      await this.#pause(ends, why);
    }
  }

  #isStopping(): boolean {
    return this.#stop.signal.aborted;
  }

  /** One life of the process: how long it ran, and why it did not go on. */
  async #once(): Promise<{ readonly ranMs: number; readonly why: Error }> {
    const { clock, logger } = this.#options;
    let started: PluginProcess;
    this.#starts += 1;
    try {
      started = await this.#options.startProcess(this.#stop.signal);
    } catch (thrown) {
      return { ranMs: 0, why: thrown instanceof Error ? thrown : new Error(String(thrown)) };
    }
    const begin = clock.now().getTime();
    const watch = new ProcessWatch({ process: started, clock, signal: this.#stop.signal });
    this.#running = { client: pluginClient(started.link, watch.suspect), watch };
    this.#become({ phase: "running", reason: "Running", message: "the plugin is running", pid: started.pid, note: started.note });
    logger.info({ pid: started.pid, note: started.note }, "plugin is running");
    const why = await watch.untilOver();
    this.#running = undefined;
    if (this.#isStopping()) this.#become({ phase: "stopped", reason: "Stopping", message: "the server stops" });
    else this.#become({ phase: "starting", reason: "Crashed", message: why });
    await started.stop();
    return { ranMs: clock.now().getTime() - begin, why: new Error(why) };
  }

  async #pause(ends: number, why: Error): Promise<void> {
    const { clock, logger } = this.#options;
    const delayMs = why instanceof NoExecutable ? restartDelayMs(failedAfter) : restartDelayMs(ends);
    logger.error({ ends, retryInMs: delayMs, error: why.message }, "plugin is down");
    this.#retryAt = clock.now().getTime() + delayMs;
    const retry = delayMs === 0 ? "starting again" : `next start in ${delayMs / 1000} s`;
    this.#become({ ...phaseAfter(ends, why), message: `${why.message}; ${retry}` });
    if (delayMs === 0) return;
    await clock.sleep(delayMs, this.#stop.signal).catch(() => undefined);
  }

  #become(change: StateChange): void {
    this.#state = this.#newState(change);
    for (const wake of [...this.#waiting]) wake();
    this.#options.onChange();
  }

  #newState({ pid, note, ...change }: StateChange): PluginState {
    return { ...change, since: this.#options.clock.now(), restarts: Math.max(0, this.#starts - 1), pid, note };
  }
}

function phaseAfter(ends: number, why: Error): { readonly phase: PluginState["phase"]; readonly reason: string } {
  if (why instanceof NoExecutable) return { phase: "failed", reason: "NoExecutable" };
  // After the first end it is started again at once: callers wait for that.
  if (ends === 1) return { phase: "starting", reason: "Crashed" };
  return ends < failedAfter ? { phase: "backoff", reason: "BackOff" } : { phase: "failed", reason: "CrashLoopBackOff" };
}
