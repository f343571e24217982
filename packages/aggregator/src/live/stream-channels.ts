import { type Clock, type JsonValue, type Logger, TimeLimit, unavailable } from "@dataplane/meta";
import type { PluginClient, PluginSource } from "@dataplane/plugin-host";
import type { CallOptions, StreamRequest, SubscribeStreamResponse } from "@dataplane/plugin-protocol";
import { callPlugin } from "../call-plugin.js";
import { pluginMissing } from "../plugin-call-errors.js";
import type { PluginContexts } from "../plugin-contexts.js";
import type { CallLimits } from "../service-types/service-type.js";
import { Channel, type ChannelLimits } from "./channel.js";
import type { ChannelOwners } from "./channel-owners.js";
import type { ChannelKey, ChannelState, PublishRequest, StreamChannels, SubscribeRequest, Subscription } from "./channels.js";
import { initialOf, publishedValue } from "./plugin-json.js";
import { ChannelRun, contextOf } from "./run-channel.js";
import { refusalOf, requireAccepted } from "./stream-refusal.js";

export interface StreamChannelsOptions {
  readonly plugins: Pick<PluginSource, "get">;
  readonly contexts: PluginContexts;
  readonly limits: Pick<CallLimits, "callTimeoutMs">;
  /** `[live]` of the configuration; the defaults when absent. */
  readonly streams?: Partial<StreamLimits>;
  /** Of several servers, which one runs a stream; this one runs them all when absent. */
  readonly owners?: ChannelOwners;
  /** Streams end, and no more begin, when it aborts. */
  readonly stopping?: AbortSignal;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface StreamLimits {
  /** Messages of a channel that are kept for those who come back. */
  readonly historySize: number;
  /** And their bytes. */
  readonly historyMaxBytes: number;
  /** What one subscriber may have yet to read, in bytes. */
  readonly queueMaxBytes: number;
  /** And in messages. */
  readonly queueMaxMessages: number;
}

const defaults: StreamLimits = { historySize: 100, historyMaxBytes: 1 << 20, queueMaxBytes: 4 << 20, queueMaxMessages: 4096 };
const patienceMs = 100;

interface Open {
  readonly channel: Channel;
  readonly run: ChannelRun;
}

export const createStreamChannels = (options: StreamChannelsOptions): StreamChannels => new Channels(options);

class Channels implements StreamChannels {
  readonly #options: StreamChannelsOptions;
  readonly #limits: ChannelLimits;
  readonly #open = new Map<string, Open>();
  /** Runs that have not ended; a channel that is over may have one for a moment. */
  readonly #running = new Map<string, Promise<void>>();

  constructor(options: StreamChannelsOptions) {
    this.#options = options;
    const { historySize, historyMaxBytes, queueMaxBytes, queueMaxMessages } = { ...defaults, ...options.streams };
    this.#limits = {
      history: { messages: historySize, bytes: historyMaxBytes },
      queue: { messages: queueMaxMessages, bytes: queueMaxBytes },
      patienceMs,
    };
    options.stopping?.addEventListener("abort", () => this.#stop(), { once: true });
    options.contexts.onChange?.((changed) => this.#settingsChanged(changed));
    options.owners?.onChange(() => {
      for (const { run } of this.#open.values()) run.ownersChanged();
    });
  }

  async subscribe(request: SubscribeRequest): Promise<Subscription> {
    this.#requireOpen();
    const answer = await this.#ask(request, (client, message, options) => client.subscribeStream(message, options));
    return this.#join(request, initialOf(answer.data, request.key));
  }

  relay(request: SubscribeRequest): Subscription {
    return this.#join(request, undefined);
  }

  #join(request: SubscribeRequest, initial: Uint8Array | undefined): Subscription {
    this.#requireOpen();
    const { channel, run } = this.#channelOf(request.key);
    const isFirst = channel.oldestRequest === undefined;
    const subscription = channel.subscribe(request, initial);
    if (isFirst) this.#begin(nameOf(request.key), run);
    else void run.recheck();
    return subscription;
  }

  /** After the last one of the same channel: a plugin never runs two. */
  #begin(name: string, run: ChannelRun): void {
    const done = (this.#running.get(name) ?? Promise.resolve()).then(() => run.run());
    this.#running.set(name, done);
    void done.then(() => {
      if (this.#running.get(name) === done) this.#running.delete(name);
    });
  }

  async publish(request: PublishRequest): Promise<JsonValue | undefined> {
    this.#requireOpen();
    const owner = this.#options.owners?.ownerOf(request.key);
    if (owner !== undefined) return owner.publish(request);
    const limit = new TimeLimit({ ms: this.#options.limits.callTimeoutMs });
    const asking = this.#ask({ ...request, signal: limit.signal }, (client, message, options) => client.publishStream(message, options));
    const { data } = await asking.finally(() => limit.release());
    if (data.byteLength === 0) return undefined;
    const value = publishedValue(data, request.key);
    await this.#open.get(nameOf(request.key))?.channel.publish(data);
    return value;
  }

  list(): readonly ChannelState[] {
    return [...this.#open.values()].map(({ channel }) => channel.state);
  }

  /** One call of the plugin about a channel. Throws ApiError. */
  async #ask(
    { key, user, headers, data, signal }: Omit<SubscribeRequest, "resume">,
    call: (client: PluginClient, message: StreamRequest, options: CallOptions) => Promise<SubscribeStreamResponse>,
  ): Promise<SubscribeStreamResponse> {
    const { plugins, contexts, limits } = this.#options;
    const context = await contextOf(contexts, { key, user }, signal);
    const plugin = plugins.get(key.pluginId);
    if (plugin === undefined) throw pluginMissing(key.pluginId);
    try {
      const message = { pluginContext: context.pluginContext, path: key.path, headers, data };
      const answer = await callPlugin({ request: { signal }, plugin, limits }, { tenantid: key.namespace }, (client, options) =>
        call(client, message, options),
      );
      requireAccepted(answer.status, key);
      return answer;
    } catch (thrown) {
      throw refusalOf(thrown, key);
    }
  }

  #channelOf(key: ChannelKey): Open {
    const name = nameOf(key);
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const channel = new Channel(key, this.#limits, this.#options.logger);
    const ended = (): void => {
      if (this.#open.get(name)?.channel === channel) this.#open.delete(name);
    };
    const opened = { channel, run: new ChannelRun(channel, ended, this.#options) };
    this.#open.set(name, opened);
    return opened;
  }

  #settingsChanged({ namespace, name }: { readonly namespace: string; readonly name: string }): void {
    for (const { channel, run } of this.#open.values()) {
      const { uid, pluginId, namespace: its } = channel.key;
      if (its === namespace && (uid ?? pluginId) === name) void run.recheck();
    }
  }

  #requireOpen(): void {
    if (this.#options.stopping?.aborted === true) throw unavailable("the server is stopping");
  }

  #stop(): void {
    for (const { channel, run } of this.#open.values()) {
      run.stop();
      channel.close("stopping");
    }
  }
}

/** Neither ids nor namespaces nor uids have a slash. */
const nameOf = ({ pluginId, namespace, uid, path }: ChannelKey): string => `${pluginId}/${namespace}/${uid ?? ""}/${path}`;
