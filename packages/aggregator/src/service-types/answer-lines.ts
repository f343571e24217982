import { type ArrowFrame, FrameError, frameJsonBatches, frameToArrow, jsonToFrame, readArrow, scanJsonFrameInTurns } from "@dataplane/frames";
import { ApiError, type HttpResponse } from "@dataplane/meta";
import { DataFrameFormat, type QueryChunkedDataResponse, type QueryDataResponse } from "@dataplane/plugin-protocol";
import { errorOf, failureOf, ResultCap, type ResultCaps, type ResultError, resultErrorOf, soundStatus } from "./answer-caps.js";
import { answerForms } from "./answer-form.js";
import { turns } from "./answer-turns.js";
import { answersByRefId, sortedByRefId } from "./query-answer.js";
import { type ParsedQuery, refIdsOf } from "./query-request.js";
import type { QueryCall } from "./query-response.js";
import { runChunkedQueries } from "./run-chunked-queries.js";
import { type DataSourceKey, runQueries } from "./run-queries.js";

/** A line with its end, in the pieces that it is sent in. */
export type Line = readonly Uint8Array[];

/** Rows of a line where the frame is cut here. */
const rowsPerLine = 4096;
/** A JSON frame up to this size is one line; of a larger one rows are to be seen before all are there. */
const longLine = 256 * 1024;
/** As much as `jsonToFrame` takes. */
const longestCut = 64 << 20;
/** Frames of one result whose schema is known to be sent, and the longest id of one; of others it is sent again. */
const knownFrames = 10_000;
const longestKnownId = 256;

/**
 * The results of one data source as JSON lines, `{"refId","frameId","frame"}` or with `error`, `errorSource` and `status`, as they come.
 * The first line of a frame has its schema and rows, later ones rows. A plugin without chunks is asked for all at once, and what it
 * answers is cut into lines. Throws ApiError where the call failed before its first chunk; later that is the last line.
 */
export async function answerLines(call: QueryCall, key: DataSourceKey, queries: readonly ParsedQuery[]): Promise<AsyncIterable<Line>> {
  const asked = refIdsOf(queries);
  // Of no query there is only to see whether the data source is there.
  const chunks = queries.length === 0 ? undefined : await runChunkedQueries(call, key, queries);
  if (chunks !== undefined) return linesOf(chunks, asked, call.limits);
  // Rows of a column are cut more cheaply from Arrow.
  return linesOf(chunksOf(await runQueries(call, key, queries, { format: DataFrameFormat.ARROW, again: true }), asked), asked, call.limits);
}

/** A whole answer as the chunks that a plugin could have sent. */
function* chunksOf(response: QueryDataResponse, asked: readonly string[]): Generator<QueryChunkedDataResponse> {
  for (const [refId, answer] of sortedByRefId(answersByRefId(response, asked))) {
    const { status, format } = answer;
    const part = { refId, status, errorSource: "", error: "", frameId: "", frame: new Uint8Array(), format };
    for (const [index, frame] of answer.frames.entries()) yield { ...part, frameId: String(index), frame };
    if (answer.error !== "" || answer.frames.length === 0) yield { ...part, error: answer.error, errorSource: answer.errorSource };
  }
}

/** One query's result so far. */
interface Progress {
  readonly cap: ResultCap;
  readonly frames: Set<string>;
  /** A chunk of it came. */
  begun: boolean;
  /** No more of it is sent: an error was its last line. */
  cut: boolean;
}

/** The answer whose body are these lines, each sent as it comes. */
export const linesResponse = (lines: AsyncIterable<Line>): HttpResponse => ({
  status: 200,
  headers: { "content-type": answerForms.lines },
  body: piecesOf(lines),
});

async function* piecesOf(lines: AsyncIterable<Line>): AsyncGenerator<Uint8Array> {
  for await (const line of lines) yield* line;
}

/** The lines that say that queries of one data source failed together. */
export const failedLines = (asked: readonly string[], error: ResultError): readonly Line[] =>
  asked.map((refId) => errorLine({ refId, frameId: "" }, error));

/** The lines of chunks that come in their own time. */
async function* linesOf(
  chunks: AsyncIterable<QueryChunkedDataResponse> | Iterable<QueryChunkedDataResponse>,
  asked: readonly string[],
  caps: ResultCaps,
): AsyncGenerator<Line> {
  const results = new Map(
    asked.map((refId): [string, Progress] => [refId, { cap: new ResultCap(caps), frames: new Set(), begun: false, cut: false }]),
  );
  const turn = turns();
  try {
    for await (const chunk of chunks) {
      const progress = results.get(chunk.refId);
      if (progress === undefined) throw notAsked(chunk.refId);
      progress.begun = true;
      if (progress.cut) continue;
      for await (const line of chunkLines(chunk, progress, turn)) {
        yield line;
        await turn(line.reduce((sum, { byteLength }) => sum + byteLength, 0));
      }
      if ([...results.values()].every(({ cut }) => cut)) return;
    }
    // Each query has a line at least.
    for (const [refId, { begun }] of results) if (!begun) yield [Buffer.from(`${opened({ refId, frameId: "" })},"status":200}\n`)];
  } catch (thrown) {
    const unfinished = [...results].filter(([, { cut }]) => !cut).map(([refId]) => refId);
    yield* failedLines(unfinished, failureOf(thrown));
  }
}

type Turn = (bytes: number) => Promise<void>;

async function* chunkLines(chunk: QueryChunkedDataResponse, progress: Progress, turn: Turn): AsyncGenerator<Line> {
  const error = errorOf(chunk);
  try {
    if (chunk.frame.byteLength > 0) yield* frameLines(chunk, progress, turn);
    else if (error === undefined) yield [Buffer.from(`${opened(chunk)},"status":${soundStatus(chunk.status) ?? 200}}\n`)];
  } catch (thrown) {
    progress.cut = true;
    yield errorLine(chunk, resultErrorOf(thrown));
    return;
  }
  if (error !== undefined) yield errorLine(chunk, error);
}

async function* frameLines(chunk: QueryChunkedDataResponse, { cap, frames }: Progress, turn: Turn): AsyncGenerator<Line> {
  const { frame, format, frameId } = chunk;
  cap.addBytes(frame.byteLength);
  const head = Buffer.from(`${opened(chunk)},"frame":`);
  const read = format === DataFrameFormat.ARROW ? readArrow(frame) : frameToCut(frame);
  if (read === undefined) {
    cap.addRows((await scanJsonFrameInTurns(frame, turn)).rows);
    const line = [head, onOneLine(frame), end];
    // A small line goes out as one; a large frame is not copied.
    yield frame.byteLength > longLine ? line : [Buffer.concat(line)];
    return;
  }
  cap.addRows(read.rows);
  const withSchema = format === DataFrameFormat.JSON || !frames.has(frameId);
  if (frames.size < knownFrames && frameId.length <= longestKnownId) frames.add(frameId);
  for (const { pieces } of frameJsonBatches(read, rowsPerLine, { withSchema })) yield [Buffer.concat([head, ...pieces, end])];
}

const end = Buffer.from("}\n");

const opened = ({ refId, frameId }: Pick<QueryChunkedDataResponse, "refId" | "frameId">): string =>
  `{"refId":${JSON.stringify(refId)}${frameId === "" ? "" : `,"frameId":${JSON.stringify(frameId)}`}`;

const errorLine = (chunk: Pick<QueryChunkedDataResponse, "refId" | "frameId">, { error, errorSource, status }: ResultError): Line => [
  Buffer.from(`${opened(chunk)},"error":${JSON.stringify(error)},"errorSource":${JSON.stringify(errorSource)},"status":${status}}\n`),
];

/** A JSON frame that is better sent in several lines; undefined for one that is small, or whose rows are known to its plugin only. */
function frameToCut(json: Uint8Array): ArrowFrame | undefined {
  if (json.byteLength <= longLine || json.byteLength > longestCut || !hasSchema(json)) return undefined;
  try {
    return readArrow(frameToArrow(jsonToFrame(json)));
  } catch (thrown) {
    if (thrown instanceof FrameError) return undefined;
    throw thrown;
  }
}

/** Only a frame's first chunk has one, as SDKs print it: before the data. */
const hasSchema = (frame: Uint8Array): boolean => Buffer.from(frame.buffer, frame.byteOffset, Math.min(frame.byteLength, 64)).includes('"schema"');

/** Line ends stand between JSON's tokens only: inside of strings they are escaped. */
function onOneLine(json: Uint8Array): Uint8Array {
  if (!json.includes(0x0a) && !json.includes(0x0d)) return json;
  return json.map((byte) => (byte === 0x0a || byte === 0x0d ? 0x20 : byte));
}

const notAsked = (refId: string): ApiError => new ApiError("BadGateway", `the plugin answered a query that was not asked: ${JSON.stringify(refId)}`);
