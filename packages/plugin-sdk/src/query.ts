import type { Frame } from "@dataplane/frames";
import type { DataQuery } from "@dataplane/plugin-protocol";
import type { Awaitable, Call } from "./call.js";
import type { FrameChunks } from "./chunks.js";
import { type JsonObject, parseJsonObject } from "./json-object.js";
import { BadRequestError, type PluginError } from "./plugin-error.js";

/** One query of a request. */
export interface Query {
  readonly refId: string;
  readonly queryType: string;
  readonly timeRange: { readonly from: Date; readonly to: Date };
  readonly intervalMs: number;
  readonly maxDataPoints: number;
  /** The whole query as it was posted, with the keys that are the plugin's own. */
  readonly json: JsonObject;
}

/** An answer that is more than its frames. */
export interface QueryAnswer {
  readonly frames: readonly Frame[];
  /** A failure that goes with the frames, such as the second half of a query that could be half answered. */
  readonly error?: PluginError;
  /** 200, or the error's own, unless given. */
  readonly status?: number;
}

/**
 * Answers one query: with all its frames, or piece by piece with an async iterable of chunks. Either serves both calls of the protocol:
 * chunks are gathered for a host that asks for the whole (QueryData), and whole frames are sent on as one chunk each for a host that asks
 * for chunks (QueryChunkedData). An iterable is asked for its next chunk once the host has room for it, and is stopped when the host
 * leaves. What is thrown, midway too, becomes the error of that refId alone; the chunks before it stay.
 */
export type QueryHandler = (query: Query, call: Call) => Awaitable<QueryAnswer | readonly Frame[] | FrameChunks>;

/** Reads a query from the wire. Throws BadRequestError. */
export function queryOf(query: DataQuery): Query {
  const { refId, queryType, timeRange, intervalMS, maxDataPoints } = query as PossiblyIncomplete;
  if (timeRange === undefined) throw new BadRequestError("the query has no time range");
  return {
    refId,
    queryType,
    timeRange: { from: new Date(timeRange.fromEpochMS), to: new Date(timeRange.toEpochMS) },
    intervalMs: intervalMS,
    maxDataPoints,
    json: jsonOf(query),
  };
}

/** A message inside a message can be absent on the wire. */
type PossiblyIncomplete = Omit<DataQuery, "timeRange"> & Partial<Pick<DataQuery, "timeRange">>;

function jsonOf(query: DataQuery): JsonObject {
  try {
    return parseJsonObject(query.json, "the query");
  } catch (cause) {
    throw new BadRequestError(cause instanceof Error ? cause.message : "the query cannot be read", { cause });
  }
}
