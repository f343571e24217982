import type { JsonValue, UserInfo } from "@dataplane/meta";
import type { SubscriberRights } from "./rights-watch.js";

/** One stream of one plugin: all its subscribers share one RunStream. */
export interface ChannelKey {
  readonly pluginId: string;
  readonly namespace: string;
  /** Of the data source; absent for a stream of an app. */
  readonly uid?: string;
  /** What the plugin knows the stream by, without scope and namespace. */
  readonly path: string;
}

/** Where a subscriber left off: offsets count within an epoch, and an epoch ends with the channel's history. */
export interface StreamPosition {
  readonly epoch: string;
  readonly offset: number;
}

/** One message of a channel. Encoded once for each form that any subscriber reads it in. */
export interface StreamMessage {
  readonly offset: number;
  /** JSON: a frame with schema and data, or with data alone while the schema is the last one's. */
  readonly data: Uint8Array;
  /** Whether `data` is a frame that brings its schema. */
  readonly hasSchema: boolean;
  /** The bytes of `form`, made by `encode` for the first who asks. */
  as(form: string, encode: (message: StreamMessage) => Uint8Array): Uint8Array;
}

export interface SubscribeRequest {
  readonly key: ChannelKey;
  readonly user: UserInfo;
  /** Headers that the plugin is given, as for a query. */
  readonly headers: Readonly<Record<string, string>>;
  /** The subscriber's own data, JSON; empty when there is none. */
  readonly data: Uint8Array;
  readonly resume?: StreamPosition;
  /** Looked at each minute, and its expiry each second: the subscription then fails. Never looked at when absent. */
  readonly rights?: SubscriberRights;
  /** Leaves the channel when it aborts. */
  readonly signal: AbortSignal;
}

/** Why a subscription ended: the plugin's stream is over, the server stops, the subscriber left, or it failed as `messages` throws. */
export type StreamEnd = "over" | "stopping" | "left" | "failed";

/** Takes some messages; a promise when the next ones have to wait for it. */
export type BatchWriter = (batch: readonly StreamMessage[]) => Promise<void> | undefined;

/** A subscriber's place in a channel. */
export interface Subscription {
  /** Of the last message before `messages` begins (after `missed`). */
  readonly position: StreamPosition;
  /** JSON that the plugin's SubscribeStream gave. */
  readonly initial: Uint8Array | undefined;
  /** Whether `missed` is all that came after `resume`; undefined when nothing was to be resumed. */
  readonly recovered: boolean | undefined;
  readonly missed: readonly StreamMessage[];
  /** The same as `messages`, as many at once as wait; none when somebody called `nudge`. Read one of the three. */
  readonly batches: AsyncIterable<readonly StreamMessage[]>;
  /** Wakes who waits for `batches`. */
  nudge(): void;
  /** The same as `batches` with no promise for each: thousands of connections read so. Resolves and rejects as `messages` ends. */
  forEachBatch(write: BatchWriter): Promise<void>;
  /** Resolves when nothing more comes after what waits: a reader that then stands still may be cut off. */
  readonly over: Promise<StreamEnd>;
  /**
   * Each message once, in order. Ends when the stream is over or the server stops; throws ApiError: TooManyRequests for a reader that was
   * too slow and is cut, NotFound or Forbidden when the plugin or the settings withdraw the stream or the subscriber's rights are gone,
   * Unauthorized when its credential has expired.
   */
  readonly messages: AsyncIterable<StreamMessage>;
}

export interface PublishRequest {
  readonly key: ChannelKey;
  readonly user: UserInfo;
  readonly headers: Readonly<Record<string, string>>;
  readonly data: Uint8Array;
}

/** A channel that somebody listens to. */
export interface ChannelState {
  readonly key: ChannelKey;
  readonly subscribers: number;
  readonly position: StreamPosition;
}

/**
 * The streams of all plugins. One RunStream a channel while it has subscribers: tried again after 100 ms, doubled up to 5 s; stopped
 * within 15 s after the last subscriber left; begun anew when the data source's settings change.
 */
export interface StreamChannels {
  /** Asks the plugin (SubscribeStream). Throws ApiError: NotFound, Forbidden, or as decided for failed calls. */
  subscribe(request: SubscribeRequest): Promise<Subscription>;
  /** The same, for another server whose subscribers share the stream of this one: the plugin was asked there. */
  relay(request: SubscribeRequest): Subscription;
  /** Asks the plugin (PublishStream), which may change the data or keep it back; resolves with what was published. Throws like `subscribe`. */
  publish(request: PublishRequest): Promise<JsonValue | undefined>;
  list(): readonly ChannelState[];
}
