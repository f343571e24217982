import { type Frame, frameToJson } from "@dataplane/frames";
import { type StreamPacket, type StreamRequest, StreamStatus, type SubscribeStreamResponse } from "@dataplane/plugin-protocol";
import type { Awaitable, Call } from "./call.js";
import { frameJsonOf } from "./frame-json.js";
import { type JsonObject, parseJsonObject } from "./json-object.js";
import { BadRequestError } from "./plugin-error.js";

/** A channel of the plugin: the path after `ds/<uid>/`. */
export interface Channel {
  readonly path: string;
  /** What the subscriber sent along, as JSON; empty when nothing. */
  readonly data: JsonObject;
}

/** What somebody sends to a channel. */
export interface Publication {
  readonly path: string;
  /** Any JSON; undefined when nothing was sent. */
  readonly data: unknown;
}

/** What a channel carries: a frame, or JSON of the plugin's own. An object whose `fields` is a list is a frame. */
export type StreamData = Frame | JsonObject;

/** May the channel be used? What is thrown in place of an answer fails the call: BadRequestError, or PluginError with 403 or 404. */
export type StreamAnswer =
  | {
      readonly status: "ok";
      /** What a new subscriber sees first, or what is published in place of what was sent. */
      readonly data?: StreamData;
    }
  | { readonly status: "not-found" | "permission-denied" };

/**
 * The channels of an instance. The host asks `subscribe` for each subscriber, runs a channel once for all of them, and aborts
 * `call.signal` after the last one has left; settings that change end the run and begin it anew on the new instance.
 */
export interface StreamHandlers {
  /**
   * Whether the channel exists and may be read. Without it every channel may be subscribed to. Answer with a frame without rows, so that
   * a subscriber who comes later knows the schema of the rows.
   */
  readonly subscribe?: (channel: Channel, call: Call) => Awaitable<StreamAnswer>;
  /**
   * What the channel carries, until `call.signal` aborts. Frames are sent with their schema when it is the first or differs from the last
   * one's; otherwise only their rows. The next one is asked for once the host has room. What it throws ends the run, and the host begins
   * another one later; returning does the same.
   */
  readonly run?: (channel: Channel, call: Call) => AsyncIterable<StreamData>;
  /** Takes what a client sends to the channel. Without it publishing is refused. */
  readonly publish?: (publication: Publication, call: Call) => Awaitable<StreamAnswer>;
}

const statuses = { ok: StreamStatus.OK, "not-found": StreamStatus.NOT_FOUND, "permission-denied": StreamStatus.PERMISSION_DENIED } as const;

/** Reads a subscription or a run from the wire. Throws BadRequestError. */
export function channelOf(request: StreamRequest): Channel {
  try {
    return { path: request.path, data: parseJsonObject(request.data, "the data of the channel") };
  } catch (cause) {
    throw new BadRequestError(cause instanceof Error ? cause.message : "the data cannot be read", { cause });
  }
}

/** Reads what is published from the wire. Throws BadRequestError. */
export function publicationOf({ path, data }: StreamRequest): Publication {
  if (data.length === 0) return { path, data: undefined };
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(data));
    return { path, data: value };
  } catch (cause) {
    throw new BadRequestError("what was published is not valid JSON", { cause });
  }
}

/** The answer as the wire has it. */
export function streamResponse(answer: StreamAnswer): SubscribeStreamResponse {
  const data = answer.status === "ok" ? answer.data : undefined;
  return { status: statuses[answer.status], data: data === undefined ? new Uint8Array() : encode(data) };
}

/** The packets of one run. They are JSON, whatever format queries are answered in. */
export class PacketEncoder {
  #schema: string | undefined;

  encode(data: StreamData): StreamPacket {
    if (!isFrame(data)) return { data: encode(data) };
    const json = frameJsonOf(data);
    if (json.schema === this.#schema) return { data: json.data() };
    this.#schema = json.schema;
    return { data: json.whole };
  }
}

function encode(data: StreamData): Uint8Array {
  return isFrame(data) ? frameToJson(data) : new TextEncoder().encode(JSON.stringify(data));
}

function isFrame(data: StreamData): data is Frame {
  return Array.isArray(data["fields" as keyof typeof data]);
}
