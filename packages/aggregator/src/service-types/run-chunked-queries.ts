import { ApiError } from "@dataplane/meta";
import { type CallOptions, DataFrameFormat, GrpcCode, GrpcError, type QueryChunkedDataResponse } from "@dataplane/plugin-protocol";
import { callPlugin } from "../call-plugin.js";
import { loggingFailure } from "../log-failed-call.js";
import { callHeaders, callMetadata } from "../plugin-headers.js";
import type { ParsedQuery } from "./query-request.js";
import type { QueryCall } from "./query-response.js";
import { callerOf, type DataSourceKey } from "./run-queries.js";

type Chunk = QueryChunkedDataResponse;

/** A stream whose first message is here. The call that it belongs to lasts until it is returned, done or failed. */
interface LentStream {
  readonly first: IteratorResult<Chunk>;
  readonly iterator: AsyncIterator<Chunk>;
  readonly done: () => void;
  readonly failed: (thrown: unknown) => void;
}

/**
 * Asks the plugin for the answers of one data source in chunks: `pluginv2.Data/QueryChunkedData`. Resolves with the first chunk;
 * undefined when the plugin does not implement the call. The chunks are read no faster than they are taken, and the call ends when no
 * more are wanted. Throws ApiError as decided for failed calls, here and while chunks are taken.
 */
export async function runChunkedQueries(
  call: QueryCall,
  key: DataSourceKey,
  queries: readonly ParsedQuery[],
): Promise<AsyncIterable<Chunk> | undefined> {
  const { request, plugin, contexts } = call;
  const { namespace, uid } = key;
  const user = callerOf(call);
  const context = await contexts.forDataSource({ pluginId: plugin.id, namespace, uid }, user, request.signal);
  const asked = {
    pluginContext: context.pluginContext,
    headers: callHeaders(call, context),
    queries: queries.map(({ query }) => query),
    format: DataFrameFormat.JSON,
  };
  const guarded = (run: () => Promise<void>): Promise<void> =>
    call.guard === undefined ? run() : call.guard.run({ pluginId: plugin.id, namespace, uid, user: user.name }, run);
  let over: Promise<void> | undefined;
  try {
    const stream = await new Promise<LentStream>((resolve, reject) => {
      over = guarded(() =>
        callPlugin(call, callMetadata(request, namespace), (client, options) => lend(client.queryChunkedData(asked, options), options, resolve)),
      );
      // Heard here also when it comes later: then whoever takes chunks is told.
      over.catch(reject);
    });
    if (!isUnimplemented(stream.first)) return chunksOf(call, stream, over ?? Promise.resolve());
    await giveBack(stream);
  } catch (thrown) {
    if (!(thrown instanceof ApiError) || thrown.reason !== "NotImplemented") throw thrown;
  }
  return undefined;
}

/** The Go SDK's answer where its own handler is missing: no failed call, but one message that says so. */
const isUnimplemented = ({ done, value }: IteratorResult<Chunk>): boolean =>
  done !== true && isChunk(value) && value.status === 501 && value.refId === "" && value.frame.byteLength === 0;

const isChunk = (value: unknown): value is Chunk => typeof value === "object" && value !== null && "refId" in value;

/**
 * Hands the stream out with its first message, and waits until it is given back, its client leaves, or its time is over: a reader who
 * stands still keeps no place for ever.
 */
async function lend(stream: AsyncIterable<Chunk>, { timeoutMs, signal }: CallOptions, borrow: (lent: LentStream) => void): Promise<void> {
  const late = new AbortController();
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => late.abort(), timeoutMs);
  const iterator = stream[Symbol.asyncIterator]();
  try {
    const first = await iterator.next();
    await new Promise<void>((done, failed) => {
      const leave = (): void => {
        done();
        iterator.return?.().catch(() => undefined);
      };
      const { signal: over } = late;
      over.addEventListener("abort", () => failed(new GrpcError(GrpcCode.DeadlineExceeded, "the deadline passed")), { once: true });
      signal.addEventListener("abort", leave, { once: true, signal: over });
      borrow({ first, iterator, done, failed });
      if (signal.aborted) leave();
    });
  } finally {
    clearTimeout(timer);
    late.abort();
  }
}

async function* chunksOf(call: QueryCall, stream: LentStream, over: Promise<void>): AsyncGenerator<Chunk> {
  try {
    for (let next = stream.first; next.done !== true; next = await stream.iterator.next()) yield next.value;
  } catch (thrown) {
    stream.failed(thrown);
    // It rejects with what the caller is to be told.
    await loggingFailure(call, over);
  } finally {
    await giveBack(stream);
  }
}

async function giveBack({ iterator, done }: LentStream): Promise<void> {
  done();
  await iterator.return?.();
}
