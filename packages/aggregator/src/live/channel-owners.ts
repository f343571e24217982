import type { JsonValue } from "@dataplane/meta";
import type { ChannelKey, PublishRequest, SubscribeRequest } from "./channels.js";

/** Another server that runs a channel's stream for all who listen to it anywhere. */
export interface ChannelOwner {
  readonly id: string;
  /** What is published there, until the stream is over. Throws ApiError: NotFound, Forbidden and NotImplemented are final. */
  run(request: Pick<SubscribeRequest, "key" | "headers" | "data">, signal: AbortSignal): AsyncIterable<Uint8Array>;
  /** As StreamChannels' own; all subscribers of all servers get it. */
  publish(request: PublishRequest): Promise<JsonValue | undefined>;
}

/** Which of several servers runs the one RunStream of a channel. */
export interface ChannelOwners {
  /** Undefined: this server does. */
  ownerOf(key: ChannelKey): ChannelOwner | undefined;
  /** Calls back when channels may have another owner than before; returns the way to stop that. */
  onChange(listener: () => void): () => void;
}
