import { ApiError, type Logger } from "@dataplane/meta";
import { Channel, type ChannelLimits } from "../channel.js";
import type { ChannelState, SubscribeRequest, Subscription } from "../channels.js";
import { clientChannelName, type LiveChannel } from "./channel-name.js";

const maxChannels = 10_000;

/** Takes what was published here to the other servers of the store. Never rejects. */
export type FanOut = (name: LiveChannel, data: Uint8Array) => Promise<void>;

/** Channels with no plugin behind: what somebody publishes here, subscribers get, and those of the other servers. */
export class LocalChannels {
  readonly #limits: ChannelLimits;
  readonly #logger: Logger;
  readonly #fanOut: FanOut | undefined;
  readonly #channels = new Map<string, { readonly name: LiveChannel; readonly channel: Channel }>();

  constructor(limits: ChannelLimits, logger: Logger, stopping: AbortSignal | undefined, fanOut?: FanOut) {
    this.#limits = limits;
    this.#fanOut = fanOut;
    this.#logger = logger;
    stopping?.addEventListener("abort", () => this.#close(), { once: true });
  }

  /** Throws TooManyRequests when there are too many channels with subscribers. */
  subscribe(name: LiveChannel, request: Omit<SubscribeRequest, "key">): Subscription {
    const channel = this.#open(name);
    return channel.subscribe({ ...request, key: channel.key }, undefined);
  }

  /** `data` is JSON. Resolves when every subscriber has it, or was cut. */
  async publish(name: LiveChannel, data: Uint8Array): Promise<void> {
    await Promise.all([this.receive(name, data), this.#fanOut?.(name, data)]);
  }

  /** The same, of what was published at another server. */
  receive(name: LiveChannel, data: Uint8Array): Promise<void> {
    return this.#open(name).publish(data);
  }

  list(): readonly { readonly name: LiveChannel; readonly state: ChannelState }[] {
    return [...this.#channels.values()].map(({ name, channel }) => ({ name, state: channel.state }));
  }

  #open(name: LiveChannel): Channel {
    const key = clientChannelName(name);
    const known = this.#channels.get(key)?.channel;
    if (known !== undefined) return known;
    if (this.#channels.size >= maxChannels) this.#dropUnused();
    const channel = new Channel({ pluginId: name.scope, namespace: name.namespace, path: `${name.id}/${name.path}` }, this.#limits, this.#logger);
    this.#channels.set(key, { name, channel });
    return channel;
  }

  /** A channel that nobody reads is kept only for its history. */
  #dropUnused(): void {
    for (const [key, { channel }] of this.#channels) if (channel.size === 0) this.#channels.delete(key);
    if (this.#channels.size >= maxChannels) {
      throw new ApiError("TooManyRequests", "there are too many channels", { details: { retryAfterSeconds: 10 } });
    }
  }

  #close(): void {
    for (const { channel } of this.#channels.values()) channel.close("stopping");
    this.#channels.clear();
  }
}
