import { join } from "node:path";
import type { Logger } from "@dataplane/meta";
import type { LinkTarget } from "@dataplane/plugin-protocol";
import { decidingFiles, pluginStamp } from "./file-stamp.js";
import { type Findings, type FoundPlugin, findPlugins } from "./find-plugins.js";
import { watchFolders } from "./folder-watch.js";
import type { Plugin, PluginProblem, PluginSource } from "./plugin.js";
import type { PluginHostOptions } from "./plugin-host-options.js";
import { hasBackend, PluginLoading } from "./plugin-loading.js";
import type { PluginProcess } from "./plugin-process.js";
import { ProcessStarter } from "./process-starter.js";
import { giveUpAfterByDefault } from "./restart-policy.js";
import { Supervisor } from "./supervisor.js";

export interface PluginHost extends PluginSource {
  /**
   * Where the plugin's process that serves now can be connected to; undefined while there is none. It holds a key: to be told to this
   * server's own processes alone. `onChange` says when to look again.
   */
  targetOf(id: string): LinkTarget | undefined;
  /** Folders that could not be used, and why. Complete after `found`. */
  problems(): readonly PluginProblem[];
  /** Finds the plugins and begins to start them, without waiting for any: after it they are listed, but for signed ones. Never throws. */
  start(): void;
  /** Resolves when also the signed plugins are listed, or shown as problems. */
  readonly found: Promise<void>;
  /** Ends every plugin in order and resolves when none is left. */
  stop(): Promise<void>;
  /** Ends every process at once, with all that they started: for a host that dies and has no time for `stop`. */
  kill(): void;
}

/** The plugins of this machine: found in folders, run as processes, watched and restarted. */
export function createPluginHost(options: PluginHostOptions): PluginHost {
  return new ProcessPluginHost(options);
}

class ProcessPluginHost implements PluginHost {
  readonly #options: PluginHostOptions;
  readonly #starter: ProcessStarter;
  readonly #loading: PluginLoading;
  readonly #listeners = new Set<(pluginId: string) => void>();
  readonly #stop = new AbortController();
  /** The state of a plugin's files when its process was last started, or that was tried. */
  readonly #tried = new Map<string, string>();
  /** Plugins whose files could not be used when they were looked at last. */
  readonly #refused = new Set<string>();
  readonly #removing = new Set<Promise<void>>();
  #plugins = new Map<string, Supervisor>();
  #findings: Findings = { plugins: [], problems: [], folders: [] };
  #problems: readonly PluginProblem[] = [];
  #scan: Promise<void> = Promise.resolve();
  #watch: Promise<void> = Promise.resolve();

  constructor(options: PluginHostOptions) {
    this.#options = options;
    this.#starter = new ProcessStarter(options);
    const { allowUnsigned, trustedKeys = [], rootUrl = "", clock } = options;
    this.#loading = new PluginLoading({ allowUnsigned, trustedKeys, rootUrl, now: () => clock.now() });
  }

  get(id: string): Plugin | undefined {
    return this.#plugins.get(id);
  }

  list(): readonly Plugin[] {
    return [...this.#plugins.values()];
  }

  onChange(listener: (pluginId: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  targetOf(id: string): LinkTarget | undefined {
    return this.#plugins.get(id)?.target;
  }

  problems(): readonly PluginProblem[] {
    return this.#problems;
  }

  get found(): Promise<void> {
    return this.#scan;
  }

  start(): void {
    const { directories, clock, watchPeriodMs: periodMs = 0 } = this.#options;
    this.#starter.reapOrphans();
    this.#findings = findPlugins(directories);
    const runnable = this.#findings.plugins.filter(hasBackend);
    const signed = runnable.filter((plugin) => this.#loading.isSigned(plugin));
    this.#apply(runnable.filter((plugin) => !signed.includes(plugin)).map((plugin) => this.#loading.admitUnsigned(plugin)));
    if (signed.length > 0) this.#scan = this.#rescan();
    if (periodMs === 0) return;
    this.#watch = watchFolders({ paths: () => this.#watched(), onSettled: () => this.#rescan(), periodMs, clock }, this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error("the server stops"));
    await Promise.all([this.#watch, this.#scan, ...this.list().map((plugin) => this.#end(plugin.id, "the server stops"))]);
    await Promise.all(this.#removing);
    this.#starter.stop();
  }

  kill(): void {
    this.#starter.kill();
  }

  #watched(): readonly string[] {
    const { folders, plugins, problems } = this.#findings;
    const files = [...plugins.filter(hasBackend).flatMap(decidingFiles), ...problems.map(({ directory }) => join(directory, "plugin.json"))];
    return [...new Set([...folders, ...files])];
  }

  /** Makes what runs equal to what is on disk. May run at any time. */
  async #rescan(): Promise<void> {
    this.#findings = findPlugins(this.#options.directories);
    const judged = await Promise.all(this.#findings.plugins.filter(hasBackend).map((plugin) => this.#loading.admit(plugin)));
    if (!this.#stop.signal.aborted) this.#apply(judged);
  }

  #apply(judged: readonly (FoundPlugin | PluginProblem)[]): void {
    const loaded = judged.filter((it) => "json" in it);
    this.#report([...this.#findings.problems, ...judged.filter((it) => "message" in it)]);
    const present = new Set(loaded.map(({ json }) => json.id));
    for (const plugin of this.list().filter(({ id }) => !present.has(id))) this.#withdraw(plugin);
    for (const plugin of loaded) this.#load(plugin);
  }

  #report(problems: readonly PluginProblem[]): void {
    const before = new Set(this.#problems.map((problem) => JSON.stringify(problem)));
    const now = new Set(problems.map((problem) => JSON.stringify(problem)));
    const added = problems.filter((problem) => !before.has(JSON.stringify(problem)));
    const mended = this.#problems.filter((problem) => !now.has(JSON.stringify(problem)));
    this.#problems = problems;
    for (const problem of added) this.#options.logger.warn({ ...problem }, "plugin not loaded");
    // Why a plugin is not there is part of what is known of it.
    for (const { pluginId } of [...added, ...mended]) if (pluginId !== undefined) this.#changed(pluginId);
  }

  #load(plugin: FoundPlugin): void {
    const { id } = plugin.json;
    const running = this.#plugins.get(id);
    if (this.#refused.delete(id)) running?.forgetRefusal();
    if (running === undefined) {
      const supervisor = this.#supervisor(plugin);
      this.#plugins.set(id, supervisor);
      supervisor.start();
      this.#changed(id);
    } else if (this.#tried.get(id) !== pluginStamp(plugin)) {
      // Already before its turn comes: until then it is not asked for again.
      this.#tried.set(id, pluginStamp(plugin));
      // It tells its failure itself, in its state.
      running.reload(plugin).catch(() => undefined);
    }
  }

  /** A plugin that cannot be used any more as it lies there goes on as it is; one whose files are gone ends. */
  #withdraw(plugin: Plugin): void {
    const problem = this.#problems.find(({ pluginId, directory }) => pluginId === plugin.id || directory === plugin.directory);
    const supervisor = this.#plugins.get(plugin.id);
    if (problem !== undefined) {
      this.#refused.add(plugin.id);
      supervisor?.refuseReload(problem.message);
      return;
    }
    const removed = this.#end(plugin.id, "the plugin was removed");
    this.#removing.add(removed);
    void removed.then(() => this.#removing.delete(removed));
    this.#plugins.delete(plugin.id);
    this.#tried.delete(plugin.id);
    this.#refused.delete(plugin.id);
    this.#options.logger.info({ plugin: plugin.id, directory: plugin.directory }, "plugin was removed");
    this.#changed(plugin.id);
  }

  async #end(id: string, why: string): Promise<void> {
    await this.#plugins.get(id)?.stop(why);
  }

  #supervisor(plugin: FoundPlugin): Supervisor {
    const { clock, startWaitMs = 10_000, drainMs = 30_000, alsoDrained, giveUpAfter = giveUpAfterByDefault, memoryLimitBytes } = this.#options;
    const { id } = plugin.json;
    const logger = this.#options.logger.child({ plugin: id });
    const startProcess = (found: FoundPlugin, signal: AbortSignal): Promise<PluginProcess> => this.#startProcess(found, logger, signal);
    const onChange = (): void => this.#changed(id);
    return new Supervisor({ plugin, startProcess, clock, logger, startWaitMs, drainMs, alsoDrained, giveUpAfter, memoryLimitBytes, onChange });
  }

  async #startProcess(plugin: FoundPlugin, logger: Logger, signal: AbortSignal): Promise<PluginProcess> {
    const { id } = plugin.json;
    this.#tried.set(id, pluginStamp(plugin));
    await this.#loading.require(plugin);
    try {
      return await this.#starter.start(plugin, logger, signal);
    } catch (thrown) {
      // Somebody still writes the file: the same state of it is to be tried again.
      if (thrown instanceof Error && thrown.message.includes("ETXTBSY")) this.#tried.delete(id);
      throw thrown;
    }
  }

  #changed(pluginId: string): void {
    for (const listener of [...this.#listeners]) listener(pluginId);
  }
}
