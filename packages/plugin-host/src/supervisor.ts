import { type Clock, LinkedAbort, type Logger } from "@dataplane/meta";
import type { LinkTarget } from "@dataplane/plugin-protocol";
import { Changes, untilAborted } from "./changes.js";
import type { FoundPlugin } from "./find-plugins.js";
import { type Plugin, type PluginClient, type PluginState, PluginUnavailable } from "./plugin.js";
import type { PluginJson } from "./plugin-json.js";
import type { PluginProcess } from "./plugin-process.js";
import { ProcessLife } from "./process-life.js";
import { healthyAfterMs } from "./restart-policy.js";
import { afterEnd, type LifeEnd } from "./restart-verdict.js";
import { StateRecord } from "./state-record.js";

export interface SupervisorOptions {
  readonly plugin: FoundPlugin;
  /** `onSpawn` of the process is the caller's to arrange. */
  readonly startProcess: (plugin: FoundPlugin, signal: AbortSignal) => Promise<PluginProcess>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly startWaitMs: number;
  /** How long calls in flight may go on in a process that is replaced. */
  readonly drainMs: number;
  /** See PluginHostOptions. */
  readonly alsoDrained?: ((target: LinkTarget) => Promise<void>) | undefined;
  /** Ends in a row; 0: it is never given up. */
  readonly giveUpAfter: number;
  readonly memoryLimitBytes?: number | undefined;
  readonly onChange: () => void;
}

/** Keeps one plugin's process running: starts it, watches it, starts it again, with longer and longer pauses when it does not stay. */
export class Supervisor implements Plugin {
  readonly id: string;
  readonly #options: SupervisorOptions;
  readonly #stop = new AbortController();
  readonly #changes: Changes;
  readonly #retiring = new Set<Promise<void>>();
  #plugin: FoundPlugin;
  readonly #record: StateRecord;
  #life: ProcessLife | undefined;
  /** Aborted to begin anew at once: ends the pause, or the start that is under way. */
  #attempt = new LinkedAbort();
  /** One replacement at a time. */
  #replacing: Promise<void> = Promise.resolve();
  #retryAt = Number.POSITIVE_INFINITY;
  /** What waits for its turn to take the place of what runs. */
  #next: { plugin: FoundPlugin; readonly done: Promise<void> } | undefined;
  #loop: Promise<void> = Promise.resolve();

  constructor(options: SupervisorOptions) {
    this.id = options.plugin.json.id;
    this.#plugin = options.plugin;
    this.#options = options;
    this.#changes = new Changes(options.clock);
    this.#record = new StateRecord(options.clock, () => {
      this.#changes.tell();
      options.onChange();
    });
  }

  get json(): PluginJson {
    return this.#plugin.json;
  }

  get directory(): string {
    return this.#plugin.directory;
  }

  get signature(): FoundPlugin["signature"] {
    return this.#plugin.signature;
  }

  get state(): PluginState {
    return this.#record.state;
  }

  /** Of the process that serves now. */
  get target(): LinkTarget | undefined {
    return this.#life?.process.target;
  }

  /** Does not wait. */
  start(): void {
    this.#loop = this.#run();
  }

  async stop(why = "the server stops"): Promise<void> {
    this.#stop.abort(new Error(why));
    await Promise.all([this.#loop, this.#replacing]);
    await Promise.all(this.#retiring);
    this.#record.become({ phase: "stopped", reason: "Stopped", message: why });
  }

  client(signal: AbortSignal): Promise<PluginClient> {
    const life = this.#life;
    return life?.watch.isUsable() === true ? Promise.resolve(life.client) : this.#clientInTime(signal);
  }

  async #clientInTime(signal: AbortSignal): Promise<PluginClient> {
    const until = this.#options.clock.now().getTime() + this.#options.startWaitMs;
    for (;;) {
      const life = this.#life;
      if (life !== undefined && (await life.watch.isUsable())) return life.client;
      const left = until - this.#options.clock.now().getTime();
      // A process that is found to be gone is about to be started again.
      if (left <= 0 || (this.state.phase !== "starting" && this.#life === undefined)) throw this.#unavailable();
      if (this.#life === life) await this.#changes.within(left, signal);
    }
  }

  restart(): Promise<void> {
    return this.reload(this.#next?.plugin ?? this.#plugin);
  }

  /** As `restart`, to the plugin as it was found now. Of several that wait for their turn only the last is started. */
  reload(plugin: FoundPlugin): Promise<void> {
    if (this.#next !== undefined) {
      this.#next.plugin = plugin;
      return this.#next.done;
    }
    const done = this.#replacing.then(() => {
      const next = this.#next?.plugin ?? plugin;
      this.#next = undefined;
      return this.#replace(next);
    });
    this.#next = { plugin, done };
    this.#replacing = done.catch(() => undefined);
    return done;
  }

  /** What is on disk now cannot take the place of what runs. */
  refuseReload(message: string): void {
    if (!this.#record.reloadFailed(message)) return;
    this.#options.logger.warn({ reason: message }, "the plugin changed on disk, but the new one is not taken");
  }

  /** What is on disk is what runs, after all. */
  forgetRefusal(): void {
    this.#record.forgetFailedReload();
  }

  #unavailable(): PluginUnavailable {
    const { phase, reason, message } = this.state;
    const wait = phase === "starting" ? 1000 : Math.min(this.#retryAt - this.#options.clock.now().getTime(), 60_000);
    const retryAfterSeconds = phase === "stopped" ? 5 : Math.max(1, Math.ceil(wait / 1000));
    return new PluginUnavailable({ pluginId: this.id, reason, message: `plugin ${this.id} is not running: ${message}`, retryAfterSeconds });
  }

  async #run(): Promise<void> {
    let ends = 0;
    while (!this.#isStopping()) {
      this.#attempt.release();
      this.#attempt = new LinkedAbort(this.#stop.signal);
      const attempt = this.#attempt.signal;
      const end = await this.#once(attempt);
      if (this.#isStopping()) return;
      ends = end.ranMs >= healthyAfterMs ? 1 : ends + 1;
      // Somebody asked for it: what was before does not count.
      if (attempt.aborted || (await this.#pause(ends, end, attempt))) {
        ends = 0;
        this.#record.become({ phase: "starting", reason: "Starting", message: "the plugin is started again, as asked" });
      }
    }
  }

  #isStopping(): boolean {
    return this.#stop.signal.aborted;
  }

  /** One life of the process, and of those that took its place: how long the last ran, and why none goes on. */
  async #once(attempt: AbortSignal): Promise<LifeEnd> {
    let process: PluginProcess;
    try {
      process = await this.#startProcess(this.#plugin, attempt);
    } catch (thrown) {
      return { ranMs: 0, reason: "Crashed", error: thrown instanceof Error ? thrown : new Error(String(thrown)) };
    }
    for (let life = this.#enter(process); ; ) {
      const over = await life.untilOver();
      if (over === "superseded" && this.#life !== undefined) {
        life = this.#life;
        continue;
      }
      this.#life = undefined;
      this.#record.serving(undefined);
      const { reason, message } = over === "superseded" ? { reason: "Crashed" as const, message: "replaced" } : over;
      if (this.#isStopping()) this.#record.become({ phase: "stopped", reason: "Stopping", message: "the server stops" });
      else this.#record.become({ phase: "starting", reason, message });
      await life.process.stop();
      return { ranMs: this.#options.clock.now().getTime() - life.begin.getTime(), reason, error: new Error(message) };
    }
  }

  #startProcess(plugin: FoundPlugin, signal: AbortSignal): Promise<PluginProcess> {
    this.#record.started();
    return this.#options.startProcess(plugin, signal);
  }

  #enter(process: PluginProcess): ProcessLife {
    const { clock, logger, memoryLimitBytes } = this.#options;
    const life = new ProcessLife({ process, clock, signal: this.#stop.signal, memoryLimitBytes });
    this.#life = life;
    this.#record.serving(process);
    this.#record.become({ phase: "running", reason: "Running", message: "the plugin is running" });
    logger.info({ pid: process.pid, note: process.note }, "plugin is running");
    return life;
  }

  async #replace(plugin: FoundPlugin): Promise<void> {
    const before = this.#life;
    if (before !== undefined) {
      try {
        const next = await this.#startProcess(plugin, this.#stop.signal);
        if (this.#life === before && !this.#isStopping()) {
          this.#hand(before, next, plugin);
          return;
        }
        await next.stop();
      } catch (thrown) {
        const message = thrown instanceof Error ? thrown.message : String(thrown);
        if (!this.#isStopping()) this.refuseReload(message);
        throw thrown;
      }
    }
    // Nothing runs that could be kept: begin anew with what is there now.
    this.#plugin = plugin;
    this.#attempt.abort(new Error("started again, as asked"));
    await this.#untilTried();
  }

  #hand(before: ProcessLife, next: PluginProcess, plugin: FoundPlugin): void {
    const { clock, drainMs: ms, alsoDrained, logger } = this.#options;
    this.#plugin = plugin;
    this.#record.reloaded(`process ${next.pid ?? "of another"} took the place of ${before.process.pid ?? "another"}`);
    logger.info(
      { from: before.process.pid, to: next.pid, version: plugin.json.version },
      "plugin is reloaded; calls in flight finish in the old process",
    );
    const retired = before.giveWayTo(this.#enter(next), { ms, alsoDrained, clock, signal: this.#stop.signal });
    this.#retiring.add(retired);
    void retired.then(() => this.#retiring.delete(retired));
  }

  /** Resolves when it runs; rejects when it is down again. */
  async #untilTried(): Promise<void> {
    do await this.#changes.within(60_000, this.#stop.signal);
    while (this.state.phase === "starting");
    if (this.state.phase !== "running") throw new Error(this.state.message);
  }

  /** True when somebody asked to begin anew. */
  async #pause(ends: number, end: LifeEnd, attempt: AbortSignal): Promise<boolean> {
    const { clock, logger, giveUpAfter } = this.#options;
    const { delayMs, ...change } = afterEnd(ends, end, giveUpAfter);
    logger.error({ ends, retryInMs: delayMs, error: end.error.message }, "plugin is down");
    this.#retryAt = clock.now().getTime() + (delayMs ?? Number.POSITIVE_INFINITY);
    this.#record.become(change);
    if (delayMs === 0) return false;
    const asked = delayMs === undefined ? untilAborted(attempt) : clock.sleep(delayMs, attempt).then(() => false);
    return asked.catch(() => !this.#isStopping());
  }
}
