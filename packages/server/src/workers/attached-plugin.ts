import { type Clock, LinkedAbort, type Logger } from "@dataplane/meta";
import {
  DrainingLink,
  type Plugin,
  type PluginClient,
  type PluginJson,
  type PluginSignature,
  type PluginState,
  PluginUnavailable,
  parsePluginJson,
  pluginClient,
} from "@dataplane/plugin-host";
import type { GrpcLink, LinkTarget, OpenLink } from "@dataplane/plugin-protocol";
import { addressOf, type PluginRecord } from "./messages.js";

export interface AttachedPluginOptions {
  readonly link: OpenLink;
  /** How long a call waits for a plugin that is starting. */
  readonly startWaitMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** It can be called from now on, or cannot any more. */
  readonly onChange: () => void;
}

const connectMs = 5_000;
const retryMs = 1_000;

interface Attached {
  readonly address: string;
  readonly bare: GrpcLink;
  /** Over that one, until another takes its place. */
  readonly link: DrainingLink;
  readonly client: PluginClient;
}

/** A plugin whose process is the control process' to start and end: it is told where that listens, and calls it over links of its own. */
export class AttachedPlugin implements Plugin {
  readonly id: string;
  readonly #options: AttachedPluginOptions;
  readonly #over = new LinkedAbort();
  readonly #waiting = new Set<() => void>();
  /** Links that are left, until their last call has ended; by address. */
  readonly #left = new Map<Promise<void>, string>();
  #record: PluginRecord;
  #json: PluginJson;
  #attached: Attached | undefined;
  #attaching: Promise<void> = Promise.resolve();
  #isDoubted = false;

  constructor(record: PluginRecord, options: AttachedPluginOptions) {
    this.id = record.id;
    this.#record = record;
    this.#json = parsePluginJson(record.json);
    this.#options = options;
    this.#follow();
  }

  get json(): PluginJson {
    return this.#json;
  }

  get directory(): string {
    return this.#record.directory;
  }

  get signature(): PluginSignature {
    return this.#record.signature;
  }

  get state(): PluginState {
    return this.#record.state;
  }

  /** Whether a call would begin at once. */
  get isAttached(): boolean {
    return this.#attached !== undefined;
  }

  become(record: PluginRecord): void {
    if (record.json !== this.#record.json) this.#json = parsePluginJson(record.json);
    this.#record = record;
    this.#follow();
    this.#tell();
  }

  async client(signal: AbortSignal): Promise<PluginClient> {
    const { clock, startWaitMs } = this.#options;
    const until = clock.now().getTime() + startWaitMs;
    for (;;) {
      if (this.#attached !== undefined) return this.#attached.client;
      const left = until - clock.now().getTime();
      const { phase } = this.state;
      if (left <= 0 || (phase !== "starting" && phase !== "running")) throw this.#unavailable();
      await this.#changed(left, signal);
    }
  }

  restart(): Promise<void> {
    return Promise.reject(new Error("plugins are started again by the control process"));
  }

  /** Resolves when no call goes to that address any more. */
  async drained(address: string): Promise<void> {
    await this.#attaching;
    await Promise.all([...this.#left].filter(([, of]) => of === address).map(([ended]) => ended));
  }

  /** It is gone: what was begun may finish. */
  detach(): void {
    this.#over.abort();
    this.#leave(undefined);
    this.#tell();
  }

  #follow(): void {
    const { target } = this.#record;
    if (target === undefined) this.#leave(undefined);
    else if (this.#attached?.address !== addressOf(target)) this.#attach(target);
  }

  #attach(target: LinkTarget): void {
    this.#attaching = this.#attaching.then(async () => {
      // Another one may have been told of meanwhile.
      if (this.#over.signal.aborted || this.#record.target === undefined || addressOf(this.#record.target) !== addressOf(target)) return;
      if (this.#attached?.address === addressOf(target)) return;
      const link = await this.#options.link(target, connectMs).catch((error: unknown) => {
        this.#options.logger.warn({ plugin: this.id, reason: error instanceof Error ? error.message : "" }, "a worker cannot reach the plugin");
        return undefined;
      });
      this.#leave(link === undefined ? undefined : { address: addressOf(target), ...clientOver(link, () => this.#doubt()) });
      if (link === undefined) this.#again(target);
      this.#tell();
    });
  }

  /** As long as it is said to be there. */
  #again(target: LinkTarget): void {
    void this.#options.clock.sleep(retryMs, this.#over.signal).then(
      () => {
        if (this.#attached === undefined && this.#record.target === target) this.#attach(target);
      },
      () => undefined,
    );
  }

  /** Another link, or none, takes the place of the one there was; calls in flight finish on that. */
  #leave(next: Attached | undefined): void {
    const before = this.#attached;
    this.#attached = next;
    if (before === undefined) return;
    const ended = before.link.drain(next?.link ?? before.bare).then(() => before.link.close());
    this.#left.set(ended, before.address);
    void ended.then(() => this.#left.delete(ended));
  }

  /** A call failed as Unavailable: the process may be gone, before anybody has said so. One look in a second. */
  #doubt(): void {
    const { target } = this.#record;
    if (this.#isDoubted || target === undefined || this.#attached === undefined) return;
    this.#isDoubted = true;
    this.#leave(undefined);
    this.#attach(target);
    void this.#options.clock.sleep(retryMs, this.#over.signal).then(
      () => {
        this.#isDoubted = false;
      },
      () => undefined,
    );
  }

  #unavailable(): PluginUnavailable {
    const { reason, message, phase } = this.state;
    return new PluginUnavailable({
      ...{ pluginId: this.id, reason },
      message: `plugin ${this.id} is not running: ${message}`,
      retryAfterSeconds: phase === "stopped" ? 5 : 1,
    });
  }

  async #changed(withinMs: number, signal: AbortSignal): Promise<void> {
    const done = new LinkedAbort(signal);
    const wake = (): void => done.abort();
    this.#waiting.add(wake);
    await this.#options.clock.sleep(withinMs, done.signal).catch(() => undefined);
    this.#waiting.delete(wake);
    done.release();
    signal.throwIfAborted();
  }

  #tell(): void {
    for (const wake of [...this.#waiting]) wake();
    this.#options.onChange();
  }
}

function clientOver(bare: GrpcLink, onUnavailable: () => void): Omit<Attached, "address"> {
  const link = new DrainingLink(bare);
  return { bare, link, client: pluginClient(link, onUnavailable) };
}
