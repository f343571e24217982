import { type Clock, LinkedAbort } from "@dataplane/meta";
import type { LinkTarget } from "@dataplane/plugin-protocol";
import { DrainingLink } from "./draining-link.js";
import type { PluginClient } from "./plugin.js";
import { pluginClient } from "./plugin-client.js";
import type { PluginProcess } from "./plugin-process.js";
import { type ProcessEnd, ProcessWatch } from "./process-watch.js";

export interface GiveWayOptions {
  readonly ms: number;
  /** Resolves when the others who were told of that process call it no more. */
  readonly alsoDrained?: ((target: LinkTarget) => Promise<void>) | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** One process while it serves: from its connection to its end, or until another takes its place. */
export class ProcessLife {
  readonly process: PluginProcess;
  readonly watch: ProcessWatch;
  readonly client: PluginClient;
  readonly begin: Date;
  readonly #link: DrainingLink;
  readonly #superseded = new AbortController();

  constructor(options: {
    readonly process: PluginProcess;
    readonly clock: Clock;
    readonly signal: AbortSignal;
    readonly memoryLimitBytes?: number | undefined;
  }) {
    this.process = options.process;
    this.begin = options.clock.now();
    this.watch = new ProcessWatch(options);
    this.#link = new DrainingLink(options.process.link);
    this.client = pluginClient(this.#link, this.watch.suspect);
  }

  /** Resolves when the process is of no more use, or was superseded: then nobody needs to start another. To be called once. */
  untilOver(): Promise<ProcessEnd | "superseded"> {
    const { signal } = this.#superseded;
    const superseded = new Promise<"superseded">((resolve) => {
      signal.addEventListener("abort", () => resolve("superseded"), { once: true });
      if (signal.aborted) resolve("superseded");
    });
    return Promise.race([superseded, this.watch.untilOver()]);
  }

  /** Hands all calls to come to `successor`, lets those in flight finish for at most `ms`, and ends the process. Never rejects. */
  async giveWayTo(successor: ProcessLife, options: GiveWayOptions): Promise<void> {
    this.#superseded.abort();
    this.watch.release();
    const enough = new LinkedAbort(options.signal);
    const limit = options.clock.sleep(options.ms, enough.signal).catch(() => undefined);
    const drained = Promise.all([this.#link.drain(successor.#link), options.alsoDrained?.(this.process.target)]);
    await Promise.race([drained, this.process.ended, limit]);
    enough.abort();
    await this.process.stop();
  }
}
