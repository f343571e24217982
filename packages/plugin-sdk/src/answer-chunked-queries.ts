import { type Frame, frameToArrow } from "@dataplane/frames";
import { DataFrameFormat, type DataQuery, type QueryChunkedDataResponse, type QueryDataRequest } from "@dataplane/plugin-protocol";
import { concurrencyOf, isChunked, queryError, wholeAnswer, withRefId } from "./answer-queries.js";
import type { Call } from "./call.js";
import { frameIdOf, identified, schemaChanged } from "./chunks.js";
import { frameJsonOf } from "./frame-json.js";
import { interleave } from "./interleave.js";
import type { PluginError } from "./plugin-error.js";
import { type QueryHandler, queryOf } from "./query.js";

interface ChunkedOptions {
  readonly request: QueryDataRequest;
  readonly handler: QueryHandler;
  readonly call: Call;
}

/** Answers the queries of a request side by side, each chunk as it comes; a failure stays with its refId. */
export function answerChunkedQueries(options: ChunkedOptions): AsyncGenerator<QueryChunkedDataResponse> {
  const { request } = options;
  return interleave(
    request.queries.map((query) => answerQuery(query, options)),
    concurrencyOf(request),
  );
}

/** The same error for every query, when none of them can be tried. */
export function* failChunkedQueries(request: QueryDataRequest, error: PluginError): Iterable<QueryChunkedDataResponse> {
  for (const { refId } of request.queries) yield errorChunk(refId, error, request.format);
}

async function* answerQuery(query: DataQuery, { request, handler, call }: ChunkedOptions): AsyncGenerator<QueryChunkedDataResponse> {
  const { refId } = query;
  const encoder = new ChunkEncoder(refId, request.format);
  try {
    const answer = await handler(queryOf(query), call);
    if (isChunked(answer)) {
      for await (const { frame, frameId } of identified(answer)) yield encoder.encode(frame, frameId);
      return;
    }
    const { frames, error, status = 200 } = wholeAnswer(answer);
    for (const [index, frame] of frames.entries()) yield encoder.encode(frame, frameIdOf(index));
    if (error !== undefined) yield errorChunk(refId, error, request.format);
    else if (status !== 200) yield { ...emptyChunk(refId, request.format), status };
  } catch (thrown) {
    yield errorChunk(refId, queryError(thrown, refId, call), request.format);
  }
}

/** As Go's SDK: in JSON only the first chunk of a frame carries its schema; in Arrow each chunk is a file of its own. */
class ChunkEncoder {
  readonly #refId: string;
  readonly #format: DataFrameFormat;
  readonly #schemas = new Map<string, string>();

  constructor(refId: string, format: DataFrameFormat) {
    this.#refId = refId;
    this.#format = format;
  }

  encode(frame: Frame, frameId: string): QueryChunkedDataResponse {
    const own = withRefId(frame, this.#refId);
    const { whole, schema, data } = frameJsonOf(this.#format === DataFrameFormat.JSON ? own : withoutRows(own));
    const known = this.#schemas.get(frameId);
    if (known !== undefined && known !== schema) throw schemaChanged(frameId);
    this.#schemas.set(frameId, schema);
    const base = { ...emptyChunk(this.#refId, this.#format), frameId };
    if (this.#format !== DataFrameFormat.JSON) return { ...base, frame: frameToArrow(own) };
    return { ...base, frame: known === undefined ? whole : data() };
  }
}

const withoutRows = (frame: Frame): Frame => ({ ...frame, fields: frame.fields.map((field) => ({ ...field, values: [] })) });

function errorChunk(refId: string, error: PluginError, format: DataFrameFormat): QueryChunkedDataResponse {
  return { ...emptyChunk(refId, format), error: error.message, status: error.status, errorSource: error.source };
}

function emptyChunk(refId: string, format: DataFrameFormat): QueryChunkedDataResponse {
  return { refId, frameId: "", frame: new Uint8Array(), error: "", status: 200, errorSource: "", format };
}
