import { ApiError, type Clock, dataPlaneUser, LinkedAbort, type Logger } from "@dataplane/meta";
import type { PluginSource } from "@dataplane/plugin-host";
import { logFailedCall } from "../log-failed-call.js";
import { pluginCallError, pluginMissing } from "../plugin-call-errors.js";
import type { CallContext, PluginContexts } from "../plugin-contexts.js";
import type { Channel } from "./channel.js";
import type { ChannelOwner, ChannelOwners } from "./channel-owners.js";
import type { ChannelKey, SubscribeRequest } from "./channels.js";

export interface RunChannelOptions {
  readonly plugins: Pick<PluginSource, "get">;
  readonly contexts: PluginContexts;
  /** This server runs every stream when absent. */
  readonly owners?: ChannelOwners;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Grafana's own: tried again after 100 ms, doubled up to 5 s, and from the start once it ran for 100 ms. */
const retryMs = 100;
const longestRetryMs = 5_000;
const ranWellMs = 100;
const recheckMs = 60_000;
const idleCheckMs = 5_000;
const idleChecks = 3;

/** The one RunStream of a channel, kept going until the plugin ends it, its settings go, or nobody listens any more. */
export class ChannelRun {
  readonly #channel: Channel;
  readonly #ended: () => void;
  readonly #options: RunChannelOptions;
  readonly #over = new AbortController();
  /** The call at work, and the settings that it began with. */
  #call: { readonly abort: LinkedAbort; readonly settings: number; readonly owner: ChannelOwner | undefined } | undefined;

  /** `ended` takes the channel from those that can be joined; called before anybody is told. */
  constructor(channel: Channel, ended: () => void, options: RunChannelOptions) {
    this.#channel = channel;
    this.#ended = ended;
    this.#options = options;
  }

  stop(): void {
    this.#ended();
    this.#over.abort();
  }

  /** Resolves when the channel is over and its subscribers were told. Never rejects. */
  async run(): Promise<void> {
    const { signal } = this.#over;
    void this.#watchIdle(signal);
    void this.#recheckEachMinute(signal);
    try {
      await this.#keepRunning(signal);
      this.stop();
      this.#channel.close("over");
    } catch (thrown) {
      this.stop();
      this.#channel.close("failed", ApiError.from(thrown));
    }
  }

  /** Begins the stream anew when its settings are not those that it runs with; ends it when there are none. */
  async recheck(): Promise<void> {
    const request = this.#channel.oldestRequest;
    const call = this.#call;
    if (request === undefined || call === undefined) return;
    try {
      const context = await contextOf(this.#options.contexts, { key: request.key, user: dataPlaneUser }, this.#over.signal);
      if (settingsTime(context) !== call.settings) call.abort.abort();
    } catch (thrown) {
      if (!isWithdrawn(thrown)) return;
      this.stop();
      this.#channel.close("failed", thrown);
    }
  }

  /** Begins the stream anew when another server has to run it than does. */
  ownersChanged(): void {
    const call = this.#call;
    if (call !== undefined && this.#options.owners?.ownerOf(this.#channel.key)?.id !== call.owner?.id) call.abort.abort();
  }

  async #keepRunning(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      const started = clock.now().getTime();
      try {
        if ((await this.#runOnce(signal)) === "over") return;
        failures = 0;
        continue;
      } catch (thrown) {
        if (isFinal(thrown)) throw thrown;
        // A plugin that stays away is told of once.
        if (failures === 0 && !this.#over.signal.aborted) this.#logBreak(thrown);
      }
      if (clock.now().getTime() - started >= ranWellMs) failures = 0;
      await clock.sleep(Math.min(longestRetryMs, retryMs * 2 ** failures), signal).catch(() => undefined);
      failures += 1;
    }
  }

  #logBreak(thrown: unknown): void {
    const { logger } = this.#options;
    const { key } = this.#channel;
    logFailedCall(logger, key.pluginId, thrown);
    logger.warn({ ...key, reason: ApiError.from(thrown).message }, "a stream broke and is begun anew");
  }

  async #runOnce(signal: AbortSignal): Promise<"over" | "changed"> {
    const { plugins, contexts } = this.#options;
    const request = this.#channel.oldestRequest;
    if (request === undefined) return "over";
    const { key, headers, data } = request;
    // Everybody sees what comes: nobody's rights or credentials may decide over it.
    const context = await contextOf(contexts, { key, user: dataPlaneUser }, signal);
    const abort = new LinkedAbort(signal);
    const owner = this.#options.owners?.ownerOf(key);
    this.#call = { abort, settings: settingsTime(context), owner };
    try {
      if (owner !== undefined) {
        for await (const published of owner.run({ key, headers: impersonal(headers), data }, abort.signal)) await this.#channel.publish(published);
        return "over";
      }
      const plugin = plugins.get(key.pluginId);
      if (plugin === undefined) throw pluginMissing(key.pluginId);
      const client = await plugin.client(abort.signal);
      const message = { pluginContext: context.pluginContext, path: key.path, headers: impersonal(headers), data };
      for await (const packet of client.runStream(message, { signal: abort.signal, metadata: { tenantid: key.namespace } })) {
        await this.#channel.publish(packet.data);
      }
      return "over";
    } catch (thrown) {
      // A panic of the plugin comes as Canceled too: only our own signal says that we gave it up.
      if (abort.signal.aborted && !signal.aborted) return "changed";
      throw pluginCallError(thrown, key.pluginId, signal);
    } finally {
      abort.release();
      this.#call = undefined;
    }
  }

  async #watchIdle(signal: AbortSignal): Promise<void> {
    for (let idle = 0; idle < idleChecks; idle = this.#channel.size === 0 ? idle + 1 : 0) {
      if (!(await this.#sleep(idleCheckMs, signal))) return;
    }
    this.stop();
  }

  async #recheckEachMinute(signal: AbortSignal): Promise<void> {
    while (await this.#sleep(recheckMs, signal)) await this.recheck();
  }

  #sleep(ms: number, signal: AbortSignal): Promise<boolean> {
    return this.#options.clock.sleep(ms, signal).then(
      () => true,
      () => false,
    );
  }
}

const impersonal = (headers: SubscribeRequest["headers"]): SubscribeRequest["headers"] =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !personal.has(name)));

const personal = new Set(["Authorization", "Cookie", "X-Id-Token", "http_X-Grafana-User", "http_X-Grafana-Id"]);

/** The settings that a stream is asked for and runs with. Throws as PluginContexts does. */
export function contextOf(
  contexts: PluginContexts,
  { key, user }: Pick<SubscribeRequest, "user"> & { readonly key: ChannelKey },
  signal: AbortSignal,
): Promise<CallContext> {
  const { pluginId, namespace, uid } = key;
  return uid === undefined
    ? contexts.forApp({ pluginId, namespace }, user, signal)
    : contexts.forDataSource({ pluginId, namespace, uid }, user, signal);
}

const settingsTime = ({ pluginContext: { dataSourceInstanceSettings, appInstanceSettings } }: CallContext): number =>
  (dataSourceInstanceSettings ?? appInstanceSettings)?.lastUpdatedMS ?? 0;

const isWithdrawn = (thrown: unknown): thrown is ApiError =>
  thrown instanceof ApiError && (thrown.reason === "NotFound" || thrown.reason === "Forbidden");

/** What trying again does not mend. */
const isFinal = (thrown: unknown): boolean => isWithdrawn(thrown) || (thrown instanceof ApiError && thrown.reason === "NotImplemented");
