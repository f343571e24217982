import { type Logger, TimeLimit } from "@dataplane/meta";
import { attachToPlugin } from "./attached-process.js";
import { CredentialsUnavailable } from "./credentials-unavailable.js";
import type { FoundPlugin } from "./find-plugins.js";
import { OrphanGuard } from "./orphan-guard.js";
import { killWithGroup } from "./plugin-child.js";
import type { PluginHostOptions } from "./plugin-host-options.js";
import { type PluginProcess, startPluginProcess } from "./plugin-process.js";
import { RunRecords } from "./run-records.js";
import { standaloneOf } from "./standalone.js";

/** Starts the processes of plugins, and knows each until it has ended: what a host that dies leaves is ended by its guard or its successor. */
export class ProcessStarter {
  readonly #options: PluginHostOptions;
  readonly #records: RunRecords;
  readonly #guard: OrphanGuard;
  /** Of all processes that were started and have not ended. */
  readonly #pids = new Set<number>();

  constructor(options: PluginHostOptions) {
    this.#options = options;
    this.#records = new RunRecords(options.dataDirectory);
    this.#guard = new OrphanGuard(options.logger);
  }

  /** Ends what a host before this one left. */
  reapOrphans(): void {
    this.#records.reapOrphans(this.#options.logger);
  }

  /** A process that was started elsewhere for people to debug is attached to. Throws CredentialsUnavailable, and what its start throws. */
  async start(plugin: FoundPlugin, logger: Logger, signal: AbortSignal): Promise<PluginProcess> {
    const { clock, version, settingsFor, memoryLimitBytes, startTimeoutMs = 60_000, autoMtls = true, env = {} } = this.#options;
    const { id } = plugin.json;
    const link = this.#options.linkFor?.(plugin.json) ?? this.#options.link;
    const standalone = standaloneOf({ id, directory: plugin.directory }, env);
    if (standalone !== undefined) return attachToPlugin({ standalone, link, clock }, signal);
    const settings = { ...settingsFor(id), ...(await this.#awaitedEnvironment(plugin, startTimeoutMs, signal)) };
    const { onSpawn, forget } = this.#entryOf(id);
    try {
      const options = { plugin, link, clock, logger, serverVersion: version, settings, startTimeoutMs, autoMtls, memoryLimitBytes, onSpawn };
      const process = await startPluginProcess(options, signal);
      void process.ended.then(forget);
      return process;
    } catch (thrown) {
      forget();
      throw thrown;
    }
  }

  /** Every process at once, with all that they started. */
  kill(): void {
    for (const pid of this.#pids) killWithGroup(pid);
  }

  /** When every process has ended. */
  stop(): void {
    this.#guard.stop();
  }

  #entryOf(id: string): { readonly onSpawn: Parameters<typeof startPluginProcess>[0]["onSpawn"]; readonly forget: () => void } {
    const pids: number[] = [];
    return {
      onSpawn: (process) => {
        pids.push(process.pid);
        this.#pids.add(process.pid);
        this.#guard.watch(process.pid);
        this.#records.write(id, process);
      },
      forget: () => {
        for (const pid of pids) {
          this.#pids.delete(pid);
          this.#guard.forget(pid);
          this.#records.forget(id, pid);
        }
      },
    };
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
}
