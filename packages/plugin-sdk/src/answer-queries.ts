import { type Frame, frameToArrow, frameToJson } from "@dataplane/frames";
import { DataFrameFormat, type DataQuery, type DataResponse, type QueryDataRequest, type QueryDataResponse } from "@dataplane/plugin-protocol";
import { type Call, canceled } from "./call.js";
import { type FrameChunks, gatherFrames } from "./chunks.js";
import { inParallel } from "./in-parallel.js";
import { asPluginError, type PluginError } from "./plugin-error.js";
import { type QueryAnswer, type QueryHandler, queryOf } from "./query.js";

/** Answers every query of a request; a failure stays with its refId. */
export async function answerQueries(options: {
  readonly request: QueryDataRequest;
  readonly handler: QueryHandler;
  readonly call: Call;
}): Promise<QueryDataResponse> {
  const { request, handler, call } = options;
  const answers = await inParallel(request.queries, concurrencyOf(request), async (query) => {
    const response = await answerQuery({ query, handler, call, format: request.format });
    return [query.refId, response] as const;
  });
  return { responses: Object.fromEntries(answers) };
}

/** The same error for every query, when none of them can be tried. */
export function failQueries(request: QueryDataRequest, error: PluginError): QueryDataResponse {
  const response = errorResponse(error, request.format);
  return { responses: Object.fromEntries(request.queries.map(({ refId }) => [refId, response])) };
}

async function answerQuery(options: {
  readonly query: DataQuery;
  readonly handler: QueryHandler;
  readonly call: Call;
  readonly format: DataFrameFormat;
}): Promise<DataResponse> {
  const { query, handler, call, format } = options;
  try {
    const answer = await handler(queryOf(query), call);
    if (!isChunked(answer)) return encodeAnswer(wholeAnswer(answer), query.refId, format);
    const { frames, failures } = await gatherFrames(answer);
    const [error] = failures.map((thrown) => queryError(thrown, query.refId, call));
    return encodeAnswer({ frames, ...(error === undefined ? {} : { error }) }, query.refId, format);
  } catch (thrown) {
    return errorResponse(queryError(thrown, query.refId, call), format);
  }
}

/** Whether a handler answers piece by piece. */
export function isChunked(answer: QueryAnswer | readonly Frame[] | FrameChunks): answer is FrameChunks {
  return Symbol.asyncIterator in answer;
}

/** An answer that is only its frames, in full. */
export const wholeAnswer = (answer: QueryAnswer | readonly Frame[]): QueryAnswer => ("frames" in answer ? answer : { frames: answer });

/** What a failed query is answered with; the plugin's own faults are logged. Throws GrpcError Canceled when the caller has left. */
export function queryError(thrown: unknown, refId: string, call: Call): PluginError {
  // Nobody is there to be told, and it is nobody's fault.
  if (call.signal.aborted) throw canceled(thrown);
  const error = asPluginError(thrown);
  if (error.source === "plugin") call.logger.error("query failed", { refId, error: thrown });
  else call.logger.debug("query failed downstream", { refId, status: error.status, error: error.message });
  return error;
}

function encodeAnswer(answer: QueryAnswer, refId: string, format: DataFrameFormat): DataResponse {
  const encode = format === DataFrameFormat.JSON ? frameToJson : frameToArrow;
  const frames = answer.frames.map((frame) => encode(withRefId(frame, refId)));
  if (answer.error !== undefined) return { ...errorResponse(answer.error, format), frames };
  return { frames, error: "", jsonMeta: nothing, status: answer.status ?? 200, errorSource: "", format };
}

/** Hosts join frames of several queries: each says whose it is. */
export function withRefId(frame: Frame, refId: string): Frame {
  return frame.refId === undefined || frame.refId === "" ? { ...frame, refId } : frame;
}

function errorResponse(error: PluginError, format: DataFrameFormat): DataResponse {
  return { frames: [], error: error.message, jsonMeta: nothing, status: error.status, errorSource: error.source, format };
}

const nothing = new Uint8Array();

/** The host says in its configuration how many queries of one request may run at once. */
export function concurrencyOf(request: QueryDataRequest): number {
  const told = Number(request.pluginContext.grafanaConfig["GF_CONCURRENT_QUERY_COUNT"]);
  return Number.isInteger(told) && told > 0 ? told : 10;
}
