import type { Clock, Logger } from "@dataplane/meta";
import type { OpenLink } from "@dataplane/plugin-protocol";
import { type FoundPlugin, findPlugins, type PluginDirectory } from "./find-plugins.js";
import type { Plugin, PluginProblem, PluginSource } from "./plugin.js";
import { startPluginProcess } from "./plugin-process.js";
import { RunRecords } from "./run-records.js";
import { Supervisor } from "./supervisor.js";

export interface PluginHostOptions {
  /** Earlier ones win where two hold the same plugin. */
  readonly directories: readonly PluginDirectory[];
  /** Where `run/plugins` says which processes were started. */
  readonly dataDirectory: string;
  /** Ids of unsigned plugins that load all the same; true: all of them. */
  readonly allowUnsigned: boolean | readonly string[];
  /** Environment of a plugin's own: what `[plugin.<id>]` says, as GF_PLUGIN_NAME, and the server's GF_ variables for it. */
  readonly settingsFor: (pluginId: string) => Readonly<Record<string, string>>;
  /** The version told to plugins as GF_VERSION. */
  readonly version: string;
  readonly link: OpenLink;
  readonly clock: Clock;
  readonly logger: Logger;
  /** From spawn to a working connection; 60 s when absent. */
  readonly startTimeoutMs?: number;
  /** How long a call waits for a plugin that is starting; 10 s when absent. */
  readonly startWaitMs?: number;
}

export interface PluginHost extends PluginSource {
  /** Folders that could not be used, and why. Complete after `start()`. */
  problems(): readonly PluginProblem[];
  /** Finds the plugins and begins to start them, without waiting for any: after it they are listed. Never throws for a broken plugin. */
  start(): void;
  /** Ends every plugin in order and resolves when none is left. */
  stop(): Promise<void>;
}

/** The plugins of this machine: found in folders, run as processes, watched and restarted. */
export function createPluginHost(options: PluginHostOptions): PluginHost {
  return new ProcessPluginHost(options);
}

class ProcessPluginHost implements PluginHost {
  readonly #options: PluginHostOptions;
  readonly #records: RunRecords;
  readonly #listeners = new Set<(pluginId: string) => void>();
  #plugins: ReadonlyMap<string, Supervisor> = new Map();
  #problems: readonly PluginProblem[] = [];

  constructor(options: PluginHostOptions) {
    this.#options = options;
    this.#records = new RunRecords(options.dataDirectory);
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

  start(): void {
    const { logger, directories, allowUnsigned } = this.#options;
    this.#records.reapOrphans(logger);
    const found = findPlugins(directories);
    const runnable = found.plugins.filter(hasBackend);
    const loaded = runnable.filter((plugin) => mayLoad(plugin, allowUnsigned));
    this.#problems = [...found.problems, ...runnable.filter((plugin) => !loaded.includes(plugin)).map(unsignedProblem)];
    for (const problem of this.#problems) logger.warn({ ...problem }, "plugin not loaded");
    this.#plugins = new Map(loaded.map((plugin) => [plugin.json.id, this.#supervisor(plugin)]));
    for (const [id, supervisor] of this.#plugins) {
      supervisor.start();
      this.#changed(id);
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#plugins.values()].map((plugin) => plugin.stop()));
    for (const id of this.#plugins.keys()) this.#records.remove(id);
  }

  #supervisor(plugin: FoundPlugin): Supervisor {
    const { link, clock, version, settingsFor, startTimeoutMs = 60_000, startWaitMs = 10_000 } = this.#options;
    const { id } = plugin.json;
    const logger = this.#options.logger.child({ plugin: id });
    const onSpawn = (process: { readonly pid: number; readonly socketDirectory: string }): void => this.#records.write(id, process);
    const startProcess = (signal: AbortSignal) =>
      startPluginProcess({ plugin, link, clock, logger, serverVersion: version, settings: settingsFor(id), startTimeoutMs, onSpawn }, signal);
    return new Supervisor({ plugin, startProcess, clock, logger, startWaitMs, onChange: () => this.#changed(id) });
  }

  #changed(pluginId: string): void {
    for (const listener of [...this.#listeners]) listener(pluginId);
  }
}

/** Only these have a process that speaks the protocol; a renderer's is another. */
function hasBackend({ json }: FoundPlugin): boolean {
  return json.backend && (json.type === "datasource" || json.type === "app");
}

function mayLoad({ json, signature }: FoundPlugin, allowUnsigned: boolean | readonly string[]): boolean {
  if (signature === "internal") return true;
  return typeof allowUnsigned === "boolean" ? allowUnsigned : allowUnsigned.includes(json.id);
}

function unsignedProblem({ directory, json }: FoundPlugin): PluginProblem {
  const message = "the plugin is unsigned: allow it by [plugins] allow_loading_unsigned_plugins, or run with app_mode = development";
  return { directory, pluginId: json.id, message };
}
