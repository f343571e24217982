import { type Frame, frameToJson } from "@dataplane/frames";
import { type StreamPacket, type StreamRequest, StreamStatus, type SubscribeStreamResponse } from "@dataplane/plugin-protocol";
import type { Awaitable, Call } from "./call.js";
import { type JsonObject, parseJsonObject } from "./json-object.js";
import { BadRequestError } from "./plugin-error.js";

/** A channel of the plugin: the path after `ds/<uid>/`. */
export interface Channel {
  readonly path: string;
  /** What the subscriber (or the publisher) sent along, as JSON; empty when nothing. */
  readonly data: JsonObject;
}

export interface StreamAnswer {
  readonly status: "ok" | "not-found" | "permission-denied";
  /** What a new subscriber sees first, or what is published in place of what was sent. */
  readonly data?: Frame | JsonObject;
}

export interface StreamHandlers {
  /** Whether the channel exists and may be read. Without it every channel may be subscribed to. */
  readonly subscribe?: (channel: Channel, call: Call) => Awaitable<StreamAnswer>;
  /** Runs once a channel, for all its subscribers, until `call.signal` aborts. */
  readonly run?: (channel: Channel, call: Call) => AsyncIterable<Frame | JsonObject>;
  /** Without it publishing is refused. */
  readonly publish?: (channel: Channel, call: Call) => Awaitable<StreamAnswer>;
}

const statuses = { ok: StreamStatus.OK, "not-found": StreamStatus.NOT_FOUND, "permission-denied": StreamStatus.PERMISSION_DENIED } as const;

/** Reads a stream call from the wire. Throws BadRequestError. */
export function channelOf(request: StreamRequest): Channel {
  try {
    return { path: request.path, data: parseJsonObject(request.data, "the data of the channel") };
  } catch (cause) {
    throw new BadRequestError(cause instanceof Error ? cause.message : "the data cannot be read", { cause });
  }
}

/** The answer as the wire has it. */
export function streamResponse({ status, data }: StreamAnswer): SubscribeStreamResponse {
  return { status: statuses[status], data: data === undefined ? new Uint8Array() : encode(data) };
}

/** Packets are JSON, whatever format queries are answered in. */
export const packetOf = (data: Frame | JsonObject): StreamPacket => ({ data: encode(data) });

function encode(data: Frame | JsonObject): Uint8Array {
  return isFrame(data) ? frameToJson(data) : new TextEncoder().encode(JSON.stringify(data));
}

function isFrame(data: Frame | JsonObject): data is Frame {
  return Array.isArray(data["fields" as keyof typeof data]);
}
