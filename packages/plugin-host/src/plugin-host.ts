import { join } from "node:path";
import { type Clock, type Logger, TimeLimit } from "@dataplane/meta";
import type { OpenLink } from "@dataplane/plugin-protocol";
import { attachToPlugin } from "./attached-process.js";
import { CredentialsUnavailable } from "./credentials-unavailable.js";
import { decidingFiles, stampOf } from "./file-stamp.js";
import { type Findings, type FoundPlugin, findPlugins, type PluginDirectory } from "./find-plugins.js";
import { watchFolders } from "./folder-watch.js";
import { OrphanGuard } from "./orphan-guard.js";
import type { Plugin, PluginProblem, PluginSource } from "./plugin.js";
import { killWithGroup } from "./plugin-child.js";
import type { PluginJson } from "./plugin-json.js";
import { hasBackend, PluginLoading } from "./plugin-loading.js";
import { type PluginProcess, startPluginProcess } from "./plugin-process.js";
import { giveUpAfterByDefault } from "./restart-policy.js";
import { RunRecords } from "./run-records.js";
import { standaloneOf } from "./standalone.js";
import { Supervisor } from "./supervisor.js";

export interface PluginHostOptions {
  /** Earlier ones win where two hold the same plugin. */
  readonly directories: readonly PluginDirectory[];
  /** Where `run/plugins` says which processes were started. */
  readonly dataDirectory: string;
  /** Ids of unsigned plugins that load all the same; true: all of them. */
  readonly allowUnsigned: boolean | readonly string[];
  /** Armoured PGP public keys whose signatures make a plugin valid; none when absent. */
  readonly trustedKeys?: readonly string[];
  /** Of this server, as its users know it: private plugins are bound to one. */
  readonly rootUrl?: string;
  /** Environment of a plugin's own: what `[plugin.<id>]` says, as GF_PLUGIN_NAME, and the server's GF_ variables for it. */
  readonly settingsFor: (pluginId: string) => Readonly<Record<string, string>>;
  /**
   * More of it, which takes its time, such as credentials; asked before each start, which waits for it as long as a start may take. A
   * rejection is a start that failed.
   */
  readonly environmentFor?: (plugin: FoundPlugin, signal: AbortSignal) => Promise<Readonly<Record<string, string>>>;
  /** The host's own environment, for GF_PLUGIN_GRPC_ADDRESS_<ID>; none when absent. */
  readonly env?: NodeJS.ProcessEnv;
  /** The version told to plugins as GF_VERSION. */
  readonly version: string;
  readonly link: OpenLink;
  /** The connection to one plugin, where it is not to be `link`: one that is recorded. */
  readonly linkFor?: (plugin: PluginJson) => OpenLink | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
  /** From spawn to a working connection; 60 s when absent. */
  readonly startTimeoutMs?: number;
  /** How long a call waits for a plugin that is starting; 10 s when absent. */
  readonly startWaitMs?: number;
  /** How often the folders are looked at for what is new, changed or gone; never when absent or 0. */
  readonly watchPeriodMs?: number;
  /** How long calls in flight may go on in a process that is replaced; 30 s when absent. */
  readonly drainMs?: number;
  /** Ends in a row after which a plugin is given up; 0: never; about an hour of them when absent. */
  readonly giveUpAfter?: number;
  /** Memory in RAM over which a plugin is ended and started again; no limit when absent. Linux only. */
  readonly memoryLimitBytes?: number | undefined;
}

export interface PluginHost extends PluginSource {
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
  readonly #records: RunRecords;
  readonly #guard: OrphanGuard;
  readonly #loading: PluginLoading;
  readonly #listeners = new Set<(pluginId: string) => void>();
  readonly #stop = new AbortController();
  /** The state of a plugin's files when its process was last started, or that was tried. */
  readonly #tried = new Map<string, string>();
  /** Plugins whose files could not be used when they were looked at last. */
  readonly #refused = new Set<string>();
  readonly #removing = new Set<Promise<void>>();
  /** Of all processes that were started and have not ended. */
  readonly #pids = new Set<number>();
  #plugins = new Map<string, Supervisor>();
  #findings: Findings = { plugins: [], problems: [], folders: [] };
  #problems: readonly PluginProblem[] = [];
  #scan: Promise<void> = Promise.resolve();
  #watch: Promise<void> = Promise.resolve();

  constructor(options: PluginHostOptions) {
    this.#options = options;
    this.#records = new RunRecords(options.dataDirectory);
    this.#guard = new OrphanGuard(options.logger);
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

  problems(): readonly PluginProblem[] {
    return this.#problems;
  }

  get found(): Promise<void> {
    return this.#scan;
  }

  start(): void {
    const { logger, directories, clock, watchPeriodMs: periodMs = 0 } = this.#options;
    this.#records.reapOrphans(logger);
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
    this.#guard.stop();
  }

  kill(): void {
    for (const pid of this.#pids) killWithGroup(pid);
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
    } else if (this.#tried.get(id) !== stampOf(decidingFiles(plugin))) {
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
    const { clock, startWaitMs = 10_000, drainMs = 30_000, giveUpAfter = giveUpAfterByDefault, memoryLimitBytes } = this.#options;
    const { id } = plugin.json;
    const logger = this.#options.logger.child({ plugin: id });
    const startProcess = (found: FoundPlugin, signal: AbortSignal): Promise<PluginProcess> => this.#startProcess(found, logger, signal);
    const onChange = (): void => this.#changed(id);
    return new Supervisor({ plugin, startProcess, clock, logger, startWaitMs, drainMs, giveUpAfter, memoryLimitBytes, onChange });
  }

  async #awaitedEnvironment(plugin: FoundPlugin, timeoutMs: number, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    const limit = new TimeLimit({ ms: timeoutMs, signal });
    try {
      return (await this.#options.environmentFor?.(plugin, limit.signal)) ?? {};
    } catch (thrown) {
      signal.throwIfAborted();
      throw new CredentialsUnavailable("the plugin's credentials could not be had", { cause: thrown });
    } finally {
      limit.release();
    }
  }

  async #startProcess(plugin: FoundPlugin, logger: Logger, signal: AbortSignal): Promise<PluginProcess> {
    const { clock, version, settingsFor, memoryLimitBytes, startTimeoutMs = 60_000, env = {} } = this.#options;
    const { id } = plugin.json;
    const link = this.#options.linkFor?.(plugin.json) ?? this.#options.link;
    this.#tried.set(id, stampOf(decidingFiles(plugin)));
    await this.#loading.require(plugin);
    const standalone = standaloneOf({ id, directory: plugin.directory }, env);
    if (standalone !== undefined) return attachToPlugin({ standalone, link, clock }, signal);
    const pids: number[] = [];
    const onSpawn = (process: { readonly pid: number; readonly socketDirectory: string }): void => {
      pids.push(process.pid);
      this.#pids.add(process.pid);
      this.#guard.watch(process.pid);
      this.#records.write(id, process);
    };
    const forget = (): void => {
      for (const pid of pids) {
        this.#pids.delete(pid);
        this.#guard.forget(pid);
        this.#records.forget(id, pid);
      }
    };
    const settings = { ...settingsFor(id), ...(await this.#awaitedEnvironment(plugin, startTimeoutMs, signal)) };
    try {
      const options = { plugin, link, clock, logger, serverVersion: version, settings, startTimeoutMs, memoryLimitBytes, onSpawn };
      const process = await startPluginProcess(options, signal);
      void process.ended.then(forget);
      return process;
    } catch (thrown) {
      forget();
      // Somebody still writes the file: the same state of it is to be tried again.
      if (thrown instanceof Error && thrown.message.includes("ETXTBSY")) this.#tried.delete(id);
      throw thrown;
    }
  }

  #changed(pluginId: string): void {
    for (const listener of [...this.#listeners]) listener(pluginId);
  }
}
